import ast
for node in ast.parse(open("src/shop/cart.py").read()).body:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Constant):
        print(node.targets[0].id, "=", node.value.value)
