import difflib
old = open("src/shop/utils.py").read().splitlines()
new = [l.replace("result", "total") for l in old]
for line in difflib.unified_diff(old, new, fromfile="a/utils.py", tofile="b/utils.py", lineterm=""):
    print(line)
