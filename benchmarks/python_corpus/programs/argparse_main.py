import argparse

def build_parser():
    parser = argparse.ArgumentParser()
    sub = parser.add_subparsers(dest="command", required=True)
    add = sub.add_parser("add")
    add.add_argument("a", type=float)
    add.add_argument("b", type=float)
    show = sub.add_parser("show")
    show.add_argument("--upper", action="store_true")
    return parser

def main(argv=None):
    args = build_parser().parse_args(argv)
    if args.command == "add":
        print(args.a + args.b)
    else:
        print("SHOW" if args.upper else "show")

if __name__ == "__main__":
    main(["add", "1", "2.5"])
    main(["show", "--upper"])
