import os
import tempfile
with tempfile.NamedTemporaryFile("w+", suffix=".txt", delete=False) as f:
    f.write("hello")
    name = f.name
print(os.path.exists(name), name.endswith(".txt"), open(name).read())
os.unlink(name)
print(os.path.exists(name))
