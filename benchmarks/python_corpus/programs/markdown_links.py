import os
import re

broken = []
for name in sorted(os.listdir("docs")):
    path = os.path.join("docs", name)
    for text, target in re.findall(r"\[([^\]]+)\]\(([^)]+)\)", open(path).read()):
        if target.startswith("http"):
            continue
        if not os.path.exists(os.path.join("docs", target)):
            broken.append((name, text, target))
print(broken)
