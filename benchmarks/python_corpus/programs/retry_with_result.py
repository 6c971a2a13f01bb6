import random
class Flaky(Exception): ...
def call(n=[0]):
    n[0] += 1
    if n[0] < 3: raise Flaky(f"try {n[0]}")
    return "done"
for attempt in range(5):
    try:
        print(call())
        break
    except Flaky as err:
        print("retry after", err)
else:
    print("gave up")
