import os
os.makedirs("out", exist_ok=True)
with open("logs/app.log") as f:
    for line in f:
        level = line.split()[2].lower()
        with open(os.path.join("out", f"{level}.log"), "a") as g:
            g.write(line)
print({name: len(open(f"out/{name}").readlines()) for name in sorted(os.listdir("out"))})
