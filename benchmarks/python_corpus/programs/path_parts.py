from pathlib import Path
p = Path("src/shop/cart.py")
print(p.name, p.stem, p.suffix, p.parent, p.parts)
print(p.with_suffix(".txt"), p.with_name("x.py"), p.parent.parent / "lib", p.as_posix())
print(p.is_absolute(), p.resolve().is_absolute(), p.relative_to("src"), list(p.parents))
print(Path("a") / "b" / "../c", Path("x.tar.gz").suffixes, str(Path("a//b/./c")))
