with open("m.txt", "w") as f:
    f.write("one\n")
    print("two", file=f)
with open("m.txt", "a") as f:
    f.write("three\n")
with open("m.txt", "r+") as f:
    first = f.readline()
    rest = f.read()
    f.seek(0)
    f.write(first.upper())
print(open("m.txt").read())
with open("m.txt", "rb") as f:
    data = f.read()
print(len(data), data[:4], type(data))
