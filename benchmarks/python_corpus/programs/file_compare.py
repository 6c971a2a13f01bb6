import filecmp, shutil
shutil.copyfile("README.md", "copy.md")
print(filecmp.cmp("README.md", "copy.md"), filecmp.cmp("README.md", "requirements.txt"))
