import subprocess
for cmd in ["echo one", "false", "ls nothing-here-at-all"]:
    result = subprocess.run(cmd, shell=True, capture_output=True, text=True)
    status = "ok" if result.returncode == 0 else "failed"
    print(f"{cmd!r}: {status}", result.stdout.strip())
