def append(x, to=[]):
    to.append(x)
    return to
print(append(1), append(2), append(3, []))
def make(n):
    return [lambda i=i: i * n for i in range(3)]
print([f() for f in make(10)])
