def counter():
    n = 0
    def increment(by=1):
        nonlocal n
        n += by
        return n
    return increment
c = counter()
c(); c(5)
print(c(), [f(2) for f in [lambda x, k=k: x * k for k in range(3)]])
total = 0
def add(x):
    global total
    total += x
add(3); add(4)
print(total)
