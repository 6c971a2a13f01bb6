import os
code = os.system("test -f README.md")
print("exists" if code == 0 else "missing")
print(os.popen("head -1 README.md").read().strip())
