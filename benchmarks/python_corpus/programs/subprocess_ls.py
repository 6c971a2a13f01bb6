import subprocess
result = subprocess.run(["ls", "src/shop"], capture_output=True, text=True)
for i, line in enumerate(result.stdout.splitlines(), 1):
    print(i, line)
