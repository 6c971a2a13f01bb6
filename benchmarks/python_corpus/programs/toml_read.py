import tomllib

with open("config/pyproject.toml", "rb") as f:
    config = tomllib.load(f)
print(config["project"]["name"], config["project"]["version"])
for dep in config["project"]["dependencies"]:
    print(" -", dep)
print(config.get("tool", {}).get("lint", {}).get("line-length"))
