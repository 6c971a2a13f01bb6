import ast
import sys

def describe(path):
    with open(path) as f:
        module = ast.parse(f.read(), filename=path)
    for item in module.body:
        if isinstance(item, ast.ClassDef):
            methods = [n.name for n in item.body if isinstance(n, ast.FunctionDef)]
            bases = [ast.unparse(b) for b in item.bases]
            print(f"{item.name}({', '.join(bases)}): {methods}")

describe("src/shop/models.py")
describe("src/shop/cart.py")
