from contextlib import suppress
import os
with suppress(FileNotFoundError):
    os.remove("not-there.txt")
with suppress(KeyError, ValueError):
    int("x")
    print("never")
print("ok")
