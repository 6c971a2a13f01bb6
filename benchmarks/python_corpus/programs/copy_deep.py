import copy
a = {"x": [1, 2]}
b = copy.copy(a)
c = copy.deepcopy(a)
a["x"].append(3)
print(b, c)
