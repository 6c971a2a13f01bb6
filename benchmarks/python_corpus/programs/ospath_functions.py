import os.path
p = os.path.join("src", "shop", "cart.py")
print(os.path.dirname(p), os.path.basename(p), os.path.splitext(p), os.path.split(p))
print(os.path.exists(p), os.path.isfile(p), os.path.isdir("src"), os.path.isabs(p))
print(os.path.normpath("a/./b/../c"), os.path.relpath("src/shop", "src"), os.path.commonprefix(["abc", "abd"]))
print(os.path.commonpath(["a/b/c", "a/b/d"]), os.path.expanduser("x"), os.sep)
