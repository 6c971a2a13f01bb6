import subprocess
import sys
out = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True, check=True).stdout
print(out.strip())
r = subprocess.run([sys.executable, "-c", "import sys; sys.exit('bad')"], capture_output=True, text=True)
print(r.returncode, r.stderr.strip())
