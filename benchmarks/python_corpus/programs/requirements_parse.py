import re
for line in open("requirements.txt").readlines():
    line = line.strip()
    if not line or line[0] == "#": continue
    m = re.match(r"([A-Za-z0-9_-]+)(\[[^\]]*\])?\s*([<>=!~]=?.*)?$", line)
    print(m.groups())
