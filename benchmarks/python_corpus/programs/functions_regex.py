import re
src = open("src/shop/utils.py").read()
for m in re.finditer(r"^(?:async )?def (\w+)\((.*?)\)", src, re.M):
    line = src[:m.start()].count("\n") + 1
    print(f"line {line}: {m.group(1)}({m.group(2)})")
