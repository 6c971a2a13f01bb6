import sys
sys.stdout.write("out\n")
print("err", file=sys.stderr)
sys.stdout.write("no newline")
sys.stdout.flush()
print()
print(sys.argv[1:], sys.version_info >= (3, 8), sys.platform in ("linux", "darwin"))
