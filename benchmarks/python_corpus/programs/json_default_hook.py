import json
from datetime import date
from pathlib import Path
print(json.dumps({"d": date(2024, 1, 2), "p": Path("a/b")}, default=str))
print(json.dumps({"s": {3, 1}}, default=lambda o: sorted(o)))
class Encoder(json.JSONEncoder):
    def default(self, o):
        if isinstance(o, set):
            return sorted(o)
        return super().default(o)
print(json.dumps({"s": {2, 1}}, cls=Encoder))
print(json.loads('{"a": 1}', object_hook=lambda d: list(d.items())))
