import os
import shutil

os.makedirs("backup", exist_ok=True)
for name in sorted(os.listdir("src/shop")):
    if name.endswith(".py"):
        shutil.copy(os.path.join("src/shop", name), "backup")
        print("copied", name)
print(len(os.listdir("backup")))
