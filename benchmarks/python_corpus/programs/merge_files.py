import glob
with open("all.md", "w") as out:
    for i, name in enumerate(sorted(glob.glob("docs/*.md"))):
        if i:
            out.write("\n---\n")
        with open(name) as f:
            out.write(f.read())
print(len(open("all.md").read().splitlines()))
