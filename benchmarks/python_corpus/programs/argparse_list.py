import argparse
p = argparse.ArgumentParser(prog="tool")
p.add_argument("files", nargs="*")
p.add_argument("-o", "--output", metavar="FILE")
p.add_argument("--level", choices=["low", "high"], default="low")
p.add_argument("--no-color", dest="color", action="store_false")
ns = p.parse_args(["a.txt", "b.txt", "-o", "out.txt", "--level", "high"])
print(ns.files, ns.output, ns.level, ns.color)
print(vars(p.parse_args(["--output=x", "--no-color"])))
