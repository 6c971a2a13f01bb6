import functools
def counted(func):
    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return func(*args, **kwargs)
    wrapper.calls = 0
    return wrapper

@counted
def greet(name):
    """Say hello."""
    return f"hello {name}"

greet("a"); greet("b")
print(greet.calls, greet.__name__, greet.__doc__)
