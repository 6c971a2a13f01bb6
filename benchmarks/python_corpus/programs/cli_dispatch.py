import sys

def cmd_add(args):
    return sum(int(a) for a in args)

def cmd_echo(args):
    return " ".join(args)

COMMANDS = {name[4:]: fn for name, fn in list(globals().items()) if name.startswith("cmd_")}

def main(argv):
    if not argv or argv[0] not in COMMANDS:
        print("usage:", "|".join(sorted(COMMANDS)))
        return 2
    print(COMMANDS[argv[0]](argv[1:]))
    return 0

main(sys.argv[1:])
main(["add", "1", "2"])
main(["echo", "a", "b"])
