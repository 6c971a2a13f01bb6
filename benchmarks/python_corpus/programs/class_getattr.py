class Settings:
    def __init__(self, values):
        self._values = values
    def __getattr__(self, name):
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name)

s = Settings({"port": 8080})
print(s.port, hasattr(s, "host"), getattr(s, "host", "localhost"))
