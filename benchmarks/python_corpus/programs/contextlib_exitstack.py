from contextlib import ExitStack
with ExitStack() as stack:
    files = [stack.enter_context(open(p)) for p in ["README.md", "requirements.txt"]]
    print([f.readline().strip() for f in files])
print(all(f.closed for f in files))
