import os, glob
for f in glob.glob("logs/*.log"):
    os.remove(f)
    print("removed", f)
try:
    os.rmdir("logs")
    print("empty folder removed")
except OSError as e:
    print(e)
print(os.path.exists("logs"))
