import ast

tree = ast.parse(open("src/shop/utils.py").read())
imports = []
for node in ast.iter_child_nodes(tree):
    if isinstance(node, ast.Import):
        imports.extend(alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        imports.append(f"{node.module}: " + ", ".join(a.name for a in node.names))
print(imports)
