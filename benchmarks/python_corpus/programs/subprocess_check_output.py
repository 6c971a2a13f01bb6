import subprocess
out = subprocess.check_output("wc -l data/words.txt", shell=True).decode().split()
print(int(out[0]), out[1])
try:
    subprocess.check_output(["sh", "-c", "echo partial; exit 3"])
except subprocess.CalledProcessError as exc:
    print(exc.returncode, exc.output)
