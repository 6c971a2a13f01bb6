class LoadError(Exception):
    pass

def load(path):
    try:
        with open(path) as f:
            return f.read()
    except FileNotFoundError as e:
        raise LoadError(f"cannot load {path}") from e

try:
    load("nope.txt")
except LoadError as e:
    print(e)
    print(type(e.__cause__).__name__)
