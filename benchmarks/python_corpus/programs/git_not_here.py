import subprocess
r = subprocess.run(["git", "rev-parse", "--is-inside-work-tree"], capture_output=True, text=True, cwd="/tmp" if False else None)
print("git repository" if r.returncode == 0 else "no git repository")
