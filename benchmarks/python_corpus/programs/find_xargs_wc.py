import subprocess
proc = subprocess.run("find src -name '*.py' | sort | xargs wc -l", shell=True, stdout=subprocess.PIPE, check=True)
rows = [l.split() for l in proc.stdout.decode().splitlines()]
print({name: int(n) for n, name in rows if name != "total"})
