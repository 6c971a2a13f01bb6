people = [("Ada", 36), ("Bob", 25), ("Cy", 36)]
print(sorted(people, key=lambda p: (-p[1], p[0])), sorted("bAc", key=str.lower), sorted([3, 1, 2], reverse=True))
words = ["pear", "fig", "apple"]
words.sort(key=len)
print(words, min(words, key=len), max(people, key=lambda p: p[1]), sorted({"b": 1, "a": 2}))
d = {"x": 3, "y": 1}
print(dict(sorted(d.items(), key=lambda kv: kv[1])), max(d, key=d.get), sorted(d, key=d.__getitem__))
