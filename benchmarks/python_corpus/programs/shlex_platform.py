import shlex, platform
print(shlex.split("git commit -m 'a message' --amend"), shlex.quote("it's"), shlex.join(["a b", "c"]))
print(platform.system() in ("Linux", "Darwin"))
