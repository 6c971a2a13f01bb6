def read_lines(path):
    with open(path) as f:
        for line in f:
            yield line.rstrip("\n")

def only(level, lines):
    for line in lines:
        if f" {level} " in line:
            yield line

def messages(lines):
    for line in lines:
        yield line.split(" ", 3)[3]

for m in messages(only("ERROR", read_lines("logs/app.log"))):
    print(m)
