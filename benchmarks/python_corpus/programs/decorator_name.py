def log(fn):
    def wrapper(*args):
        print(f"calling {fn.__name__}{args}")
        return fn(*args)
    return wrapper
@log
def add(a, b):
    return a + b
print(add(1, 2))
for f in (len, max):
    print(f.__name__)
