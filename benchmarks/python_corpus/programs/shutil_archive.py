import shutil, os
shutil.copy2("README.md", "r.md")
shutil.move("r.md", "docs/r.md")
os.makedirs("a/b")
shutil.copytree("docs", "a/b/docs")
print(sorted(os.listdir("a/b/docs")))
shutil.copytree("data", "a/b/docs", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.json", "*.ini"))
print(sorted(os.listdir("a/b/docs")))
