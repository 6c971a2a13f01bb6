lines = open("docs/guide.md").read().split("\n")
lines = [l.replace("8080", "9090") for l in lines]
with open("docs/guide.md", "w") as f:
    f.write("\n".join(lines))
print(sum("9090" in l for l in lines))
