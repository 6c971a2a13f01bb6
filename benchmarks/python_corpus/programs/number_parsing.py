def parse(s):
    for kind in (int, float):
        try:
            return kind(s)
        except ValueError:
            continue
    return s
values = [parse(x) for x in "1 2.5 abc -7 1e3 0x1".split()]
print(values, [type(v).__name__ for v in values], sum(v for v in values if isinstance(v, (int, float))))
