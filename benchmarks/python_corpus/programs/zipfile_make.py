import zipfile
with zipfile.ZipFile("docs.zip", "w") as z:
    z.write("docs/api.md")
with zipfile.ZipFile("docs.zip") as z:
    print(z.namelist())
