l = [3, 1, 2]
l.append(4); l.extend([5]); l.insert(0, 0); l.remove(3)
print(l, l.index(2), l.count(1), l.pop(), l[::-1], l[1:3], sorted(l), l + [9], l * 2)
l[1:2] = ["x", "y"]
print(l, [0] * 3, [[]] * 2, list("abc"), l.copy() is l)
l.sort(key=str); l.reverse()
print(l)
