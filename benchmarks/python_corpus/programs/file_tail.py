from collections import deque
with open("logs/app.log") as f:
    for line in deque(f, maxlen=2):
        print(line, end="")
