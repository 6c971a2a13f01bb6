try:
    with open("new.txt", "x") as f:
        f.write("hello")
    with open("new.txt", "x") as f:
        f.write("again")
except FileExistsError:
    print("already there")
print(open("new.txt").read())
