import ast
tree = ast.parse(open("src/shop/utils.py").read())
graph = {}
for fn in [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]:
    calls = {c.func.id for c in ast.walk(fn) if isinstance(c, ast.Call) and isinstance(c.func, ast.Name)}
    graph[fn.name] = sorted(calls)
for name, calls in graph.items():
    print(name, "->", ", ".join(calls) or "-")
