f = open("data/words.txt")
line = f.readline()
n = 0
while line:
    n += 1
    print(n, line.strip()[:10])
    line = f.readline()
f.close()
print(f.closed, f.name, f.mode)
