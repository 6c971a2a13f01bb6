import re

def slug(title):
    return re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))

toc = []
for line in open("docs/guide.md"):
    m = re.match(r"(#+) (.+)", line)
    if m:
        toc.append("  " * (len(m[1]) - 1) + f"- [{m[2].strip()}](#{slug(m[2].strip())})")
with open("docs/toc.md", "w") as out:
    out.write("\n".join(toc) + "\n")
print("\n".join(toc))
