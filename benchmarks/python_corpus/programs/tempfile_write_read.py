import tempfile
with tempfile.TemporaryFile("w+") as f:
    f.write("x,y\n1,2\n")
    f.seek(0)
    print(f.read().split())
d = tempfile.mkdtemp()
import shutil
shutil.rmtree(d)
