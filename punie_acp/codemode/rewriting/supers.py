"""`super()` in a class whose bases are known: a call of the next method in line, under a name of its own."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from punie_acp.codemode.rewriting.syntax import Function, at, attribute, call, called_name, dotted, name

if TYPE_CHECKING:
    from punie_acp.codemode.rewriting.knowledge import ClassInfo, Knowledge

_OF_OBJECT = {
    "__init__": "_nothing",
    "__new__": "_bare",
    "__repr__": "_default_repr",
    "__str__": "repr",
    "__eq__": "_same",
    "__hash__": "id",
    "__setattr__": "_set_plainly",
    "__init_subclass__": "_nothing",
}
_OF_EXCEPTION = {
    **_OF_OBJECT,
    "__init__": "_exception_init",
    "__str__": "_exception_str",
    "__repr__": "_exception_repr",
}


def class_function(owner: str, method: str) -> str:
    """The name of the function that a static or class method has become."""
    return f"_{owner}_{method}"


def calls_super(node: ast.AST) -> bool:
    """Whether `super` is used anywhere in `node`."""
    return any(called_name(part) == "super" for part in ast.walk(node))


class Supers(ast.NodeTransformer):
    """Resolves the `super()` of one method (defined in `owner`) for one class."""

    def __init__(self, knowledge: Knowledge, info: ClassInfo, owner: ClassInfo, method: Function) -> None:
        self.knowledge = knowledge
        self.info = info
        self.owner = owner
        self.method = method
        arguments = method.args.posonlyargs + method.args.args
        self.receiver = arguments[0].arg if arguments else "self"

    def rewrite(self) -> None:
        """In place."""
        if calls_super(self.method):
            self.generic_visit(self.method)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`super().m(x)` → `self._super_Base_m(x)`."""
        called = node.func
        if not (isinstance(called, ast.Attribute) and called_name(called.value) == "super"):
            return self.generic_visit(node)
        node.args = [self.visit(one) for one in node.args]
        node.keywords = [self.visit(one) for one in node.keywords]
        function, receiver = self._next(called.attr)
        if function is None:
            node.func = attribute(self.receiver, f"_super_{receiver}_{called.attr}")
        elif called.attr in {"__new__", "__init_subclass__"} and function in _OF_OBJECT.values():
            node.func = name(function)
        else:
            node.func = name(function)
            node.args.insert(0, name(self.receiver))
        return at(node, node)[0]

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`super().area`, a property of the base."""
        if called_name(node.value) != "super":
            return self.generic_visit(node)
        function, owner = self._next(node.attr)
        if function is None:
            return at(node, call(attribute(self.receiver, f"_super_{owner}_{node.attr}")))[0]
        return node

    def _next(self, method: str) -> tuple[str | None, str]:
        """A function and nothing, or None and the class whose method is next in line."""
        line = self.info.mro[self.info.mro.index(self.owner.name) + 1 :] if self.owner.name in self.info.mro else ()
        for one in line:
            for part in self.knowledge.classes[one].node.body:
                if isinstance(part, Function) and part.name == method:
                    kinds = {dotted(decorator) for decorator in part.decorator_list}
                    if "classmethod" in kinds or method == "__init_subclass__":
                        return class_function(one, method), one
                    if "staticmethod" in kinds:
                        return class_function(one, method), one
                    return None, one
        functions = _OF_EXCEPTION if self.info.kind == "exception" else _OF_OBJECT
        return functions.get(method, "_nothing"), ""
