import json

class JsonMixin:
    def to_json(self):
        return json.dumps(self.to_dict(), sort_keys=True)

class ReprMixin:
    def __repr__(self):
        args = ", ".join(f"{k}={v!r}" for k, v in self.to_dict().items())
        return f"{type(self).__name__}({args})"

class Point(JsonMixin, ReprMixin):
    def __init__(self, x, y):
        self.x = x
        self.y = y
    def to_dict(self):
        return {"x": self.x, "y": self.y}

p = Point(1, 2)
print(p.to_json(), p)
