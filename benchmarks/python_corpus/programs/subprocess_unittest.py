import subprocess, sys, re
r = subprocess.run([sys.executable, "-m", "unittest", "tests.test_cart"], capture_output=True, text=True)
print(r.returncode)
print(re.search(r"Ran (\d+) tests", r.stderr).group(1))
print("OK" in r.stderr)
