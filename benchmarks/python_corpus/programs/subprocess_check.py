import subprocess
try:
    subprocess.run(["ls", "nothing-here"], check=True, capture_output=True, text=True)
except subprocess.CalledProcessError as e:
    print("exit code", e.returncode != 0, "cmd", e.cmd)
    print("stderr" if e.stderr else "no stderr")
