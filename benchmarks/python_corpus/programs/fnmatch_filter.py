import fnmatch, os
names = sorted(os.listdir("data"))
print(fnmatch.filter(names, "*.csv"), [n for n in names if fnmatch.fnmatch(n, "p*.json")])
print(fnmatch.translate("*.txt") != "")
