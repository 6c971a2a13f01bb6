import os
from contextlib import contextmanager

@contextmanager
def cd(path):
    old = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(old)

with cd("src"):
    print(sorted(os.listdir(".")))
print(os.path.exists("README.md"))
