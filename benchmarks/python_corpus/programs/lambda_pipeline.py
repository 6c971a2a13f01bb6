from functools import reduce
compose = lambda *fs: reduce(lambda f, g: lambda x: g(f(x)), fs)
clean = compose(str.strip, str.lower, lambda s: s.replace(" ", "_"))
print(clean("  Hello World "), list(filter(str.isdigit, "a1b2")), list(map(int, "123")))
print(sorted(map(lambda p: (p[1], p[0]), {"a": 2, "b": 1}.items())))
