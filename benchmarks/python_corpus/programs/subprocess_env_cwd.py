import subprocess, os
r = subprocess.run("pwd", shell=True, cwd="src", capture_output=True, text=True)
print(os.path.basename(r.stdout.strip()))
r = subprocess.run("echo $GREETING", shell=True, env={**os.environ, "GREETING": "hello"}, capture_output=True, text=True)
print(r.stdout.strip())
