import shutil
print(shutil.which("sh") is not None, shutil.which("no-such-program-xyz"))
total, used, free = shutil.disk_usage(".")
print(total > 0)
