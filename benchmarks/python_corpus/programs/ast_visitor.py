import ast

class CallCounter(ast.NodeVisitor):
    def __init__(self):
        self.calls = {}

    def visit_Call(self, node):
        if isinstance(node.func, ast.Name):
            self.calls[node.func.id] = self.calls.get(node.func.id, 0) + 1
        elif isinstance(node.func, ast.Attribute):
            self.calls[node.func.attr] = self.calls.get(node.func.attr, 0) + 1
        self.generic_visit(node)

counter = CallCounter()
counter.visit(ast.parse(open("src/shop/cart.py").read()))
for name, n in sorted(counter.calls.items()):
    print(name, n)
