d = {"a": 1, "b": 2, "c": 3}
del d["a"]
l = list(range(6))
del l[0]
del l[1:3]
del l[-1], d["b"]
print(d, l)
x = 5
del x
try:
    x
except NameError:
    print("x is gone")
class C: pass
c = C(); c.v = 1
del c.v
print(hasattr(c, "v"))
m = [[1, 2], [3, 4]]
del m[0][1]
print(m)
