class Node: pass
class Num(Node):
    def __init__(self, v): self.v = v
class Add(Node):
    def __init__(self, l, r): self.l, self.r = l, r
class Visitor:
    def visit(self, node):
        return getattr(self, "visit_" + type(node).__name__, self.default)(node)
    def default(self, node):
        raise TypeError(type(node).__name__)
class Eval(Visitor):
    def visit_Num(self, n): return n.v
    def visit_Add(self, n): return self.visit(n.l) + self.visit(n.r)
class Show(Visitor):
    def visit_Num(self, n): return str(n.v)
    def visit_Add(self, n): return f"({self.visit(n.l)} + {self.visit(n.r)})"
tree = Add(Num(1), Add(Num(2), Num(3)))
print(Show().visit(tree), "=", Eval().visit(tree))
