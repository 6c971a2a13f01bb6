import glob
print(sorted(glob.glob("data/*.csv")), sorted(glob.glob("src/**/m*.py", recursive=True)))
print(sorted(glob.glob("*.[mt]*")), glob.glob("nothing*"))
