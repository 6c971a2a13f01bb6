HANDLERS = {}

def register(name):
    def wrap(func):
        HANDLERS[name] = func
        return func
    return wrap

@register("add")
def add(a, b):
    return a + b

@register("mul")
def mul(a, b):
    return a * b

for name in sorted(HANDLERS):
    print(name, HANDLERS[name](3, 4))
