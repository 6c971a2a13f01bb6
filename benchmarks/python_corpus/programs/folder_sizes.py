import os

def folder_size(path):
    return sum(os.path.getsize(os.path.join(r, f)) for r, _, fs in os.walk(path) for f in fs)

for d in sorted(os.listdir(".")):
    if os.path.isdir(d):
        print(f"{d:10} {folder_size(d):>6} bytes")
