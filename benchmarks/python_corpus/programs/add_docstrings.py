import re
src = open("src/shop/utils.py").read().split("\n")
out = []
for i, line in enumerate(src):
    out.append(line)
    m = re.match(r"( *)def (\w+)\(.*\):$", line)
    if m and '"""' not in src[i + 1]:
        out.append(f'{m.group(1)}    """{m.group(2).replace("_", " ").capitalize()}."""')
open("src/shop/utils.py", "w").write("\n".join(out))
print(sum('"""' in l for l in out))
