import re

path = "src/shop/__init__.py"
with open(path) as f:
    content = f.read()

def bump(match):
    major, minor, patch = match.group(1).split(".")
    return f'__version__ = "{major}.{minor}.{int(patch) + 1}"'

content = re.sub(r'__version__ = "([^"]+)"', bump, content)
with open(path, "w") as f:
    f.write(content)
print(content.splitlines()[2])
