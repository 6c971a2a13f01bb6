print(f"{3.14159:.2f}|{42:05d}|{1234567:,}|{0.256:.1%}|{255:#x}|{255:b}|{'hi':>10}|{'hi':<10}|{'hi':^10}|")
print("{:>8.2f}|{:<8}|{:^8}".format(2.5, "ab", "cd"), "%s is %d years and %.1f%%" % ("Ada", 36, 99.5))
name, width = "x", 6
print(f"{name!r:>{width}} {name:*^{width}} {1e6:g} {1e-5:e} {True:d} {10:+} {-5: }")
print("{0} {1} {0} {key}".format("a", "b", key="c"), "{{}}".format(), f"{{literal}}")
value = {"k": [1, 2]}
print(f"{value['k'][1]} {len(value['k'])=} {value=}")
