""""""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from punie_acp.codemode.lowering.edits import dot_before
from punie_acp.codemode.rewriting.syntax import own_nodes
from punie_acp.codemode.source import imported_modules

if TYPE_CHECKING:
    from punie_acp.codemode.source import Source

_EXCEPTIONS = frozenset(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)


def raising(source: Source, node: ast.AST, own: set[str]) -> None:
    """Monty's exceptions take one text: `ValueError(5)` → `ValueError(str(5))`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords or len(node.args) != 1:
        return
    argument = node.args[0]
    plain = isinstance(argument, ast.JoinedStr | ast.Starred) or (
        isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )
    if node.func.id in _EXCEPTIONS and node.func.id not in own and not plain:
        source.wrap(argument, "str(", ")")


def assertions(source: Source, node: ast.AST, own: set[str]) -> None:
    """`assert test, text`: Monty 1.4 adds the values of the test to the text."""
    del own
    if isinstance(node, ast.Assert):
        said = source.text_of(node.msg) if node.msg else ""
        after = source.end(node.msg or node.test)
        source.replace(source.start(node), source.start(node.test), "(")
        source.replace(source.end(node.test), after, f") or _failed_assertion({said})")


_PLAIN_KINDS = frozenset(
    {"int", "float", "bool", "list", "dict", "tuple", "set", "bytes", "frozenset", "complex", "Path", "type", "str"}
)


def kinds(source: Source, node: ast.AST, own: set[str]) -> None:
    """`isinstance(x, ast.Call)`: kinds that only the prelude knows."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 2:
        kind = node.args[1]
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        plain = all(isinstance(one, ast.Name) and one.id in _PLAIN_KINDS for one in kinds)
        if node.func.id == "isinstance" and "isinstance" not in own and not plain:
            source.replace_node(node.func, "_isinstance")


def classes_of(source: Source, node: ast.AST, own: set[str]) -> None:
    """`error.__class__`, which Monty's own values lack, and `type(node)` of a syntax tree, where all are of one."""
    if isinstance(node, ast.Attribute) and node.attr == "__class__" and isinstance(node.ctx, ast.Load):
        source.insert(source.start(node), "_class_of(")
        source.replace(dot_before(source, node), source.end(node), ")")
    elif isinstance(node, ast.Call) and _calls_builtin(node, "type", own) and "ast" in imported_modules(source.nodes):
        source.replace_node(node.func, "_class_of")


def _calls_builtin(node: ast.Call, name: str, own: set[str]) -> bool:
    """Whether it calls the builtin `name` with one argument by position."""
    return isinstance(node.func, ast.Name) and node.func.id == name and name not in own and len(node.args) == 1


def dictionaries(source: Source, node: ast.AST, own: set[str]) -> None:
    """`dict(config["server"])`: Monty takes an object for pairs even where it has keys."""
    if not isinstance(node, ast.Call) or not _calls_builtin(node, "dict", own):
        return
    if isinstance(node.args[0], ast.Name | ast.Attribute | ast.Subscript):
        source.replace_node(node.func, "_dict")


_ORDER: dict[type[ast.cmpop], str] = {ast.Lt: "_less({}, {})", ast.Gt: "_less({1}, {0})"}


def path_order(source: Source, node: ast.AST, own: set[str]) -> None:
    """`Path("a") < Path("b")`: Monty's paths have no order of their own."""
    del own
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _ORDER:
        sides = (node.left, node.comparators[0])
        if any(isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "Path" for one in sides):
            source.replace_node(node, _ORDER[type(node.ops[0])].format(*map(source.text_of, sides)))


def global_names(source: Source, node: ast.AST, own: set[str]) -> None:
    """`globals()` at the top of a program, where it is what `locals()` gives."""
    if isinstance(node, ast.Module) and "globals(" in source.text and "globals" not in own:
        for part in own_nodes(node.body):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "globals":
                source.replace_node(part.func, "locals")


def deletions(source: Source, node: ast.AST, own: set[str]) -> None:
    """`del d[k], x.a, l[1:], n`."""
    del own
    if isinstance(node, ast.Delete):
        source.replace_node(node, "; ".join(_deletion(source, target) for target in node.targets))


def _deletion(source: Source, target: ast.expr) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
        return f"{source.text_of(target)} = []"
    if isinstance(target, ast.Subscript):
        return f"_del_item({source.text_of(target.value)}, {source.text_of(target.slice)})"
    if isinstance(target, ast.Attribute):
        return f"_del_attr({source.text_of(target.value)}, {target.attr!r})"
    return f"{source.text_of(target)} = None"


def registrations(source: Source, node: ast.AST, own: set[str]) -> None:
    """`@show.register` on a function whose first parameter says the type."""
    del own
    if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].annotation is not None:
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Attribute) and decorator.attr == "register":
                source.insert(source.end(decorator), f"({source.text_of(node.args.args[0].annotation)})")


def byte_strings(source: Source, node: ast.AST, own: set[str]) -> None:
    """`bytes([65, 66])`, `bytearray(…)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"bytes", "bytearray"} - own:
        source.replace_node(node.func, "_bytes")


def lazy_parts(source: Source, node: ast.AST, own: set[str]) -> None:
    """A generator expression is a list in Monty; where somebody asks it for one value after the other, an iterator."""
    del own
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.GeneratorExp) and not _consumed_at_once(node, child):
            source.wrap(child, "(iter", ")")  # a sole argument shares the parentheses of its call


def _consumed_at_once(node: ast.AST, child: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id not in {"next", "iter"}
    return isinstance(node, ast.Call | ast.For | ast.Starred | ast.comprehension)
