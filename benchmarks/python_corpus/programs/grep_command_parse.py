import subprocess
from collections import Counter
out = subprocess.check_output(["grep", "-rn", "def ", "src"], text=True)
counts = Counter(line.split(":")[0] for line in out.splitlines())
for path, n in sorted(counts.items()):
    print(path, n)
