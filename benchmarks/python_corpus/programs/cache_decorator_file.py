import json, os, functools
def disk_cache(path):
    def deco(fn):
        @functools.wraps(fn)
        def wrapper(arg):
            cache = {}
            if os.path.exists(path):
                cache = json.load(open(path))
            key = str(arg)
            if key not in cache:
                cache[key] = fn(arg)
                with open(path, "w") as f:
                    json.dump(cache, f)
            return cache[key]
        return wrapper
    return deco
@disk_cache("cache.json")
def square(n):
    print("computing", n)
    return n * n
print(square(4), square(4), square.__name__)
