import json, os, tomllib
from collections import ChainMap
defaults = {"debug": False, "port": 80, "name": "app"}
with open("config/pyproject.toml", "rb") as f:
    file_config = {"name": tomllib.load(f)["project"]["name"]}
env = dict(line.strip().split("=", 1) for line in open("config/.env") if "=" in line)
config = ChainMap({"port": int(env["PORT"])}, file_config, defaults)
print(config["port"], config["name"], config["debug"])
