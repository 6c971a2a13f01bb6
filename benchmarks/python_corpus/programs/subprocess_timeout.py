import subprocess
try:
    subprocess.run(["sleep", "5"], timeout=0.2)
except subprocess.TimeoutExpired as e:
    print("too slow", round(e.timeout, 1))
