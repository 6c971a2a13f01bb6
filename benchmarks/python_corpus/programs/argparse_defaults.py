import argparse
parser = argparse.ArgumentParser(description="Count lines")
parser.add_argument("--path", default="src", help="folder")
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("--limit", type=int, default=10)
args = parser.parse_args()
print(args.path, args.verbose, args.limit)
