import shutil, os
shutil.copytree("src", "copy_of_src")
shutil.rmtree("copy_of_src/shop")
print(os.path.isdir("copy_of_src"), os.path.isdir("copy_of_src/shop"))
shutil.rmtree("not-there", ignore_errors=True)
try:
    shutil.rmtree("not-there")
except FileNotFoundError as e:
    print("error", type(e).__name__)
