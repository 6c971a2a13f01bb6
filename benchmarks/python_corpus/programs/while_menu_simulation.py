inputs = iter(["add 3", "add 4", "show", "oops", "quit"])
total = 0
while True:
    command, *args = next(inputs).split()
    if command == "quit":
        break
    elif command == "add":
        total += int(args[0])
    elif command == "show":
        print("total", total)
    else:
        print("unknown:", command)
print("bye")
