import ast, glob
BRANCHES = (ast.If, ast.For, ast.While, ast.Try, ast.BoolOp)
def complexity(fn):
    return 1 + sum(isinstance(n, BRANCHES) for n in ast.walk(fn))
rows = []
for path in glob.glob("src/**/*.py", recursive=True):
    for node in ast.walk(ast.parse(open(path).read())):
        if isinstance(node, ast.FunctionDef):
            rows.append((complexity(node), node.name, node.end_lineno - node.lineno + 1))
for c, name, length in sorted(rows, key=lambda r: (-r[0], r[1])):
    print(c, name, length)
