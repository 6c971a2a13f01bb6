from collections import deque, namedtuple
q = deque([1, 2, 3], maxlen=4)
q.append(4); q.append(5); q.appendleft(0)
print(q, q.pop(), q.popleft(), len(q))
q.rotate(1)
print(list(q))
Point = namedtuple("Point", ["x", "y"])
p = Point(1, y=2)
print(p, p.x + p.y, p._asdict(), p._replace(x=5), Point._fields, *p)
x, y = p
print(p == (1, 2), hash(p) == hash(Point(1, 2)))
