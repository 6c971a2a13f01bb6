class DefaultingDict(dict):
    def __missing__(self, key):
        return f"<{key}>"

d = DefaultingDict(a=1)
print(d["a"], d["b"], "b" in d)
print("{a} and {zzz}".format_map(d))
