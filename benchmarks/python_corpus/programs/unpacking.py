first, *middle, last = [1, 2, 3, 4]
print(first, middle, last)
(a, b), c = (1, 2), 3
print(a, b, c)
def f(*args, sep=",", **kw):
    return sep.join(map(str, args)) + str(sorted(kw.items()))
print(f(*[1, 2], **{"sep": "-", "z": 1}), [*range(3), *"ab"], {**{"a": 1}, "b": 2})
for i, (k, v) in enumerate({"x": 1}.items()):
    print(i, k, v)
a, b = b, a
print(a, b)
