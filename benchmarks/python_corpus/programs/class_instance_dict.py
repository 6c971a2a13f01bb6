class Record:
    def __init__(self, **kwargs):
        for k, v in kwargs.items():
            setattr(self, k, v)
r = Record(a=1, b="x")
print(vars(r), r.__dict__ == {"a": 1, "b": "x"})
print(sorted(k for k in dir(r) if not k.startswith("_")))
