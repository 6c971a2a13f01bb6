import os
import tempfile
with tempfile.TemporaryDirectory() as tmp:
    path = os.path.join(tmp, "a.txt")
    with open(path, "w") as f:
        f.write("temporary")
    print(os.path.isdir(tmp), open(path).read(), os.listdir(tmp))
print(os.path.exists(tmp))
