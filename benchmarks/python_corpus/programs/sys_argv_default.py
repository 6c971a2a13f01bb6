import sys
path = sys.argv[1] if len(sys.argv) > 1 else "data/words.txt"
with open(path) as f:
    print(path, sum(1 for _ in f))
