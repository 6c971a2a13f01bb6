import os
import re

def python_files(root):
    for base, _, names in os.walk(root):
        for name in sorted(names):
            if name.endswith(".py"):
                yield os.path.join(base, name)

def grep(pattern, root):
    for path in python_files(root):
        with open(path) as f:
            for n, line in enumerate(f, 1):
                if re.search(pattern, line):
                    yield path, n, line.rstrip()

for path, n, line in grep(r"def ", "src"):
    print(path, n, line)
