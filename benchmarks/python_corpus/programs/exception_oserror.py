import os
try:
    open("no/such/file.txt")
except FileNotFoundError as e:
    print(type(e).__name__, e.filename, e.errno)
try:
    os.mkdir("src")
except FileExistsError as e:
    print("exists", e.filename)
try:
    os.listdir("nothing")
except OSError as e:
    print("os error", isinstance(e, FileNotFoundError))
