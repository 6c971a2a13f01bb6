"""What Monty 1.4 does not look up by itself: properties, attributes of functions, and dunder methods."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from punie_acp.codemode.rewriting.syntax import assign, at, call, called_name, dotted, name, statement, text

if TYPE_CHECKING:
    from punie_acp.codemode.rewriting.knowledge import Knowledge

ORDERING = frozenset({"__lt__", "__le__", "__gt__", "__ge__"})
TRUTH = frozenset({"__len__", "__bool__"})
SPECIAL_ATTRIBUTES = frozenset(
    {"__name__", "__qualname__", "__doc__", "__dict__", "__cause__", "__context__", "__wrapped__"}
)
_COMPARE: dict[type[ast.cmpop], str] = {ast.Lt: "_lt", ast.Gt: "_gt", ast.LtE: "_le", ast.GtE: "_ge"}
_IN_PLACE: dict[type[ast.operator], str] = {
    ast.Add: "__iadd__",
    ast.Sub: "__isub__",
    ast.Mult: "__imul__",
    ast.BitOr: "__ior__",
    ast.BitAnd: "__iand__",
    ast.Div: "__itruediv__",
}
_PLAIN_TESTS = (ast.Compare, ast.Constant, ast.JoinedStr)
_MODULES_WITH_NAMES = frozenset({"os", "sys", "re", "json", "math", "time", "string"})
_RENAMED = {"getattr": "_getattr", "hasattr": "_hasattr", "vars": "_vars", "dir": "_dir", "setattr": "_setattr"}


class Objects(ast.NodeTransformer):
    """Rewrites uses of objects, as far as the classes of the session ask for it."""

    def __init__(self, knowledge: Knowledge, own_functions: set[str]) -> None:
        self.knowledge = knowledge
        self.own_functions = own_functions
        self.methods: set[ast.AST] = set()
        self.any_attribute = "__getattr__" in knowledge.dunders
        self.ordering = bool(knowledge.dunders & ORDERING)
        self.truth = bool(knowledge.dunders & TRUTH)

    def _is_asked(self, attr: str) -> bool:
        return attr in self.knowledge.attributes or attr in SPECIAL_ATTRIBUTES

    def _is_set(self, attr: str) -> bool:
        return attr in self.knowledge.attributes or "__setattr__" in self.knowledge.dunders

    # Attributes.

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`x.area` → `_attr(x, "area")`."""
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load) or dotted(node.value) in _MODULES_WITH_NAMES:
            return node
        if self._is_asked(node.attr) or (self.any_attribute and not _is_native_receiver(node.value)):
            return at(node, call("_attr", node.value, text(node.attr)))[0]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """`x.area = v` → `_set_attr(x, "area", v)`."""
        self.generic_visit(node)
        target = node.targets[0]
        if len(node.targets) == 1 and isinstance(target, ast.Attribute) and self._is_set(target.attr):
            return at(node, statement(call("_set_attr", target.value, text(target.attr), node.value)))[0]
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """`x.area += v`."""
        target = node.target
        method = _IN_PLACE.get(type(node.op), "")
        if method in self.knowledge.dunders and isinstance(target, ast.Name):
            self.generic_visit(node)
            return at(node, assign(target.id, call("_in_place", name(target.id), text(method), node.value)))[0]
        if not (isinstance(target, ast.Attribute) and self._is_set(target.attr)):
            return self.generic_visit(node)
        self.generic_visit(node)
        loaded = call("_attr", target.value, text(target.attr))
        value = ast.BinOp(loaded, node.op, node.value)
        return at(node, statement(call("_set_attr", target.value, text(target.attr), value)))[0]

    # Functions.

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Monty's methods take no decorators."""
        self.methods |= set(node.body)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A function whose name or attributes are asked for says them to the prelude."""
        self.generic_visit(node)
        if node.name in self.own_functions and node not in self.methods:
            doc = ast.get_docstring(node)
            node.decorator_list.append(at(node, call("_named", text(node.name), ast.Constant(doc)))[0])
        return node

    # Operators.

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """`a < b` → `_lt(a, b)`."""
        self.generic_visit(node)
        if self.ordering and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
            return at(node, call(_COMPARE[type(node.ops[0])], node.left, node.comparators[0]))[0]
        return node

    def _tested(self, node: ast.expr) -> ast.expr:
        if (
            not self.truth
            or isinstance(node, _PLAIN_TESTS)
            or called_name(node) in {"isinstance", "_true", "any", "all"}
        ):
            return node
        if isinstance(node, ast.BoolOp):
            node.values = [self._tested(one) for one in node.values]
            return node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return node
        return at(node, call("_true", node))[0]

    def visit_If(self, node: ast.If) -> ast.AST:
        """A test asks `__bool__` and `__len__`."""
        self.generic_visit(node)
        node.test = self._tested(node.test)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        """As `if`."""
        self.generic_visit(node)
        node.test = self._tested(node.test)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """As `if`."""
        self.generic_visit(node)
        node.test = self._tested(node.test)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """`not x`."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Not):
            node.operand = self._tested(node.operand)
        return node

    # Calls.

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`len(x)`, `bool(x)`, `C(…)` where C has a `__new__`, `getattr` where there are properties."""
        called = called_name(node)
        if self.any_attribute and isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)  # a method: classes have those themselves
            node.args = [self.visit(one) for one in node.args]
            node.keywords = [self.visit(one) for one in node.keywords]
            return node
        self.generic_visit(node)
        if called in {"len", "bool"} and self.truth:
            node.func = at(node, name("_len" if called == "len" else "_true"))[0]
        elif called in {"any", "all"} and self.truth:
            node.func = at(node, name(f"_lazy_{called}"))[0]
        elif called in _RENAMED:
            node.func = at(node, name(_RENAMED[called]))[0]
        elif f"{called}.__new__" in self.knowledge.dunders or (called == "cls" and self._makes_new()):
            node.args.insert(0, node.func)
            node.func = at(node, name("_new"))[0]
        return node

    def _makes_new(self) -> bool:
        return any(one.endswith(".__new__") for one in self.knowledge.dunders)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """`Box[int]` → `Box`."""
        self.generic_visit(node)
        info = self.knowledge.classes.get(dotted(node.value))
        return node.value if info is not None and info.kind == "plain" and isinstance(node.ctx, ast.Load) else node

    def visit_Delete(self, node: ast.Delete) -> ast.AST | list[ast.stmt]:
        """`del x[k]`, `del x.a`, `del x`."""
        self.generic_visit(node)
        return at(node, *(_deletion(target) for target in node.targets))


def _deletion(target: ast.expr) -> ast.stmt:
    if isinstance(target, ast.Subscript):
        if isinstance(target.slice, ast.Slice):
            target.ctx = ast.Store()
            return ast.Assign([target], ast.List([], ast.Load()))
        return statement(call("_del_item", target.value, target.slice))
    if isinstance(target, ast.Attribute):
        return statement(call("_del_attr", target.value, text(target.attr)))
    assert isinstance(target, ast.Name)
    return assign(target.id, ast.Constant(None))


def _is_native_receiver(node: ast.expr) -> bool:
    """Whether a value surely is no object of a program's class."""
    return isinstance(node, ast.Constant | ast.List | ast.Dict | ast.JoinedStr | ast.Tuple)
