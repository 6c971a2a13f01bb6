import ast

with open("src/shop/cart.py") as f:
    tree = ast.parse(f.read())
for node in ast.walk(tree):
    if isinstance(node, ast.FunctionDef):
        print(node.name, node.lineno, [a.arg for a in node.args.args])
