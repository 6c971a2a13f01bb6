import os
for name in sorted(os.listdir("docs")):
    base, ext = os.path.splitext(name)
    os.rename(f"docs/{name}", f"docs/{base.upper()}{ext}")
print(sorted(os.listdir("docs")))
