import re
from collections import Counter
statuses = Counter()
slowest = (0, "")
for line in open("logs/app.log"):
    m = re.search(r" (\d{3}) (GET|POST) (\S+) (\d+)ms", line)
    if not m:
        continue
    status, method, path, ms = m.groups()
    statuses[status] += 1
    slowest = max(slowest, (int(ms), path))
print(dict(statuses), slowest)
