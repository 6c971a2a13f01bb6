deps = {"app": ["db", "log"], "db": ["log"], "log": [], "web": ["app"]}
def topo(deps):
    order, seen = [], set()
    def visit(n, path=()):
        if n in path:
            raise ValueError("cycle: " + " -> ".join([*path, n]))
        if n in seen: return
        seen.add(n)
        for d in deps[n]:
            visit(d, (*path, n))
        order.append(n)
    for n in sorted(deps):
        visit(n)
    return order
print(topo(deps))
try:
    topo({"a": ["b"], "b": ["a"]})
except ValueError as e:
    print(e)
