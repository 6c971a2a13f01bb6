import subprocess
proc = subprocess.Popen("cat data/words.txt | head -2", shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
for line in proc.stdout:
    print(">", line.rstrip())
proc.wait()
print("code", proc.returncode)
