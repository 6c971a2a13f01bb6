"""`save_definition`: a function, class or constant into a Python file, in place of the one of its name or a new one."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.codemode.calls import PlanError
from punie_acp.codemode.events import CallType
from punie_acp.codemode.planning import change_plan, require, write_plan
from punie_acp.codemode.source import LITERALS, Definition, first_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from punie_acp.codemode.calls import Plan
    from punie_acp.codemode.functions import PathLike, Place

Import = ast.Import | ast.ImportFrom
_WRITTEN_OUT = (*LITERALS, ast.BinOp, ast.operator)


async def save_definition(place: Place, path: PathLike, code: str) -> Plan:
    """Plan to put the function, class or constant that `code` defines into a Python file.

    `code` is one definition, behind the imports that it needs: those that the file lacks are put there too.
    """
    require(code, str, "the definition, which is the name of what this program defines, or its text,")
    target = place.resolve(path, CallType.WRITE, "edit", "Edit")
    shown = place.workspace.display(target)
    try:
        new = parse_definition(code)
        before = await place.text_before(target)
        text = before or ""
        is_constant = isinstance(new, NewConstant)
        after, line = with_constant(text, new, shown) if is_constant else with_definition(text, new, shown)
    except (OSError, ValueError) as error:
        raise PlanError(error, CallType.WRITE, "edit", f"Edit {shown}") from error
    if before is None:
        return await write_plan(place, target, after)
    return change_plan(place, target, before, after, f"Edit {shown} ({new.name})", line)


@dataclass(frozen=True, slots=True)
class NewDefinition:
    """A definition as it is to stand in a file, without indentation."""

    node: Definition
    text: str  # with its decorators, without a line end
    imports: tuple[tuple[str, str], ...]  # each name that may be needed, and the statement that imports it

    @property
    def name(self) -> str:
        return self.node.name


@dataclass(frozen=True, slots=True)
class NewConstant:
    """A value as it is to stand in a file, under its name."""

    name: str
    text: str


def parse_definition(code: str) -> NewDefinition | NewConstant:
    """Take `code` apart. Raises `ValueError` where it is anything but imports and one definition."""
    code = textwrap.dedent(code).strip("\n")
    try:
        body = ast.parse(code).body
    except SyntaxError as error:
        raise ValueError(f"the definition is not valid Python: {error.msg} (line {error.lineno})") from None
    *before, last = body or [ast.Pass()]
    if (name := constant_name(last)) and not before:
        return NewConstant(name, code)
    imports = [one for one in before if isinstance(one, Import)]
    if not isinstance(last, Definition) or len(imports) < len(before):
        raise ValueError("save_definition takes one function, class or constant; for other text there is edit_file")
    lines = code.split("\n")[first_line(last) - 1 : last.end_lineno]
    return NewDefinition(last, "\n".join(lines), tuple(bound for one in imports for bound in _bound(one)))


def constant_name(node: ast.stmt) -> str:
    """The name to which a statement gives a value that is written out: numbers, lists, tables. "" for any other."""
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
    if value is None or is_text or not all(isinstance(one, _WRITTEN_OUT) for one in ast.walk(value)):
        return ""
    return _given(node)


def with_constant(text: str, new: NewConstant, file: str) -> tuple[str, int]:
    """`text` with the constant in place of the one of its name, or behind the imports; as `with_definition`."""
    line_end, lines, tree = _read(text, file)
    same = [node for node in tree.body if _given(node) == new.name]
    if len(same) > 1:
        places = ", ".join(str(node.lineno) for node in same)
        raise ValueError(f"{file} gives {new.name} a value at line {places}; use edit_file")
    if same:
        end = same[0].end_lineno or 0
        behind = lines[end - 1].encode()[same[0].end_col_offset :].decode()  # a comment
        lines[same[0].lineno - 1 : end] = (new.text + behind).split("\n")
        return line_end.join(lines), same[0].lineno
    if new.name in _names(tree.body):
        raise ValueError(f"{file} has another {new.name}; use edit_file")
    if not tree.body:
        return line_end.join([*new.text.split("\n"), *lines]), 1
    has_imports = any(isinstance(node, Import) for node in tree.body)
    at, added = _place_of_imports(tree, ["", new.text] if has_imports else [new.text], len(lines))
    lines[at:at] = added
    return line_end.join(lines), at + 1 + added.index(new.text)


def _given(node: ast.stmt) -> str:
    """The one name to which a statement gives a value."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def _bound(node: Import) -> Iterator[tuple[str, str]]:
    """The names that an import binds, each with a statement of its own."""
    for alias in node.names:
        name = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        if isinstance(node, ast.Import):
            yield (alias.asname or alias.name).partition(".")[0], f"import {name}"
        elif node.module != "__future__":
            yield alias.asname or alias.name, f"from {'.' * node.level}{node.module or ''} import {name}"


def with_definition(text: str, new: NewDefinition, file: str) -> tuple[str, int]:
    """`text` with the definition, and the line on which that begins. `file` is the name to show.

    Raises `ValueError` where it is not plain which place is meant, and where something would be lost.
    """
    line_end, lines, tree = _read(text, file)
    old = _place(tree, new, file)
    if old is None:
        line = _put_at_end(lines, tree, new)
    else:
        _keep_all(old, new, file)
        line = _put_in_place(lines, old, new)
    imports = _missing_imports(tree, new)
    if imports:
        at, added = _place_of_imports(tree, imports, line)
        lines[at:at] = added
        line += len(added)
    return line_end.join(lines), line


def _read(text: str, file: str) -> tuple[str, list[str], ast.Module]:
    """How the lines of a file end, its lines, and its syntax tree."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    try:
        return line_end, text.split("\n"), ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"{file} is not valid Python: {error.msg} (line {error.lineno}); use edit_file") from None


def _place(tree: ast.Module, new: NewDefinition, file: str) -> Definition | None:
    """What the definition takes the place of, if there is anything."""
    there = [node for node in tree.body if isinstance(node, Definition) and node.name == new.name]
    if there:
        return there[-1]
    methods = [node for node in _members(tree.body) if node.name == new.name and _is_method(new)]
    if len(methods) == 1:
        return methods[0]
    other = next((node for node in _conditional(tree.body) if node.name == new.name), None)
    if len(methods) > 1 or other is not None:
        places = ", ".join(str(node.lineno) for node in (methods or [other]) if node is not None)
        raise ValueError(f"{file} defines {new.name} at line {places}, not at its top level; use edit_file")
    return None


def _members(body: Iterable[ast.stmt]) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from (member for member in node.body if isinstance(member, Definition))


def _conditional(body: Iterable[ast.stmt]) -> Iterator[Definition]:
    """What is defined in the branches of statements at the top level."""
    for node in body:
        if not isinstance(node, Definition):
            yield from (inner for inner in ast.walk(node) if isinstance(inner, Definition))


def _is_method(new: NewDefinition) -> bool:
    arguments = [] if isinstance(new.node, ast.ClassDef) else new.node.args.posonlyargs + new.node.args.args
    return bool(arguments) and arguments[0].arg in {"self", "cls"}


def _keep_all(old: Definition, new: NewDefinition, file: str) -> None:
    """Raises `ValueError` for a class that lacks what the one in the file has."""
    if not isinstance(old, ast.ClassDef):
        return
    kept = set(_names(new.node.body)) if isinstance(new.node, ast.ClassDef) else set[str]()
    lost = [name for name in dict.fromkeys(_names(old.body)) if name not in kept]
    if lost:
        raise ValueError(f"{new.name} in {file} also has {', '.join(lost)}: write them too, or use edit_file")


def _names(body: Iterable[ast.stmt]) -> Iterator[str]:
    """What statements bind, not within functions and classes."""
    for node in body:
        if isinstance(node, Definition):
            yield node.name
        elif isinstance(node, Import):
            yield from (name for name, _ in _bound(node))
        else:
            inner = (one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
            yield from (one.id for one in inner)
            yield from (one.name for one in _conditional([node]))


def _put_in_place(lines: list[str], old: Definition, new: NewDefinition) -> int:
    """Decorators stay where the new definition has none."""
    begin = first_line(old) if new.node.decorator_list else old.lineno
    lines[begin - 1 : old.end_lineno] = _indented(new, " " * old.col_offset)
    return begin


def _indented(new: NewDefinition, indent: str) -> list[str]:
    """The lines of a definition, moved to the right; those within long texts stay as they are."""
    lines = new.text.split("\n")
    tree = ast.parse(new.text)
    inside = {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
        for number in range(node.lineno + 1, (node.end_lineno or 0) + 1)
    }
    inside -= {number for node in ast.walk(tree) for number in _docstring_lines(node)}
    return [indent + line if line and n not in inside else line for n, line in enumerate(lines, start=1)]


def _docstring_lines(node: ast.AST) -> range:
    if not isinstance(node, Definition) or ast.get_docstring(node) is None:
        return range(0)
    return range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)


def _put_at_end(lines: list[str], tree: ast.Module, new: NewDefinition) -> int:
    """Behind all else, but before a last `if __name__ == "__main__":`."""
    last = tree.body[-1] if tree.body else None
    main = isinstance(last, ast.If) and ast.unparse(last.test) in {"__name__ == '__main__'", "'__main__' == __name__"}
    at = last.lineno - 1 if last is not None and main else len(lines)
    while at > 0 and main and lines[at - 1].startswith("#"):
        at -= 1  # a comment on it
    above, below = lines[:at], lines[at:]
    while above and not above[-1].strip():
        above.pop()
    gap = ["", ""] if above else []
    lines[:] = [*above, *gap, *new.text.split("\n"), *(["", "", *below] if main else [""])]
    return len(above) + len(gap) + 1


def _missing_imports(tree: ast.Module, new: NewDefinition) -> list[str]:
    """The imports that the definition uses and the file lacks."""
    used = {node.id for node in ast.walk(new.node) if isinstance(node, ast.Name)}
    there = set(_names(tree.body))
    return [statement for name, statement in new.imports if name in used - there]


def _place_of_imports(tree: ast.Module, imports: list[str], line: int) -> tuple[int, list[str]]:
    """How many lines stand before new imports, and their lines. `line` is that of the definition."""
    last = max((node.end_lineno or 0 for node in tree.body if isinstance(node, Import)), default=0)
    if last:
        return last, imports
    if ast.get_docstring(tree) is not None:
        return tree.body[0].end_lineno or 0, ["", *imports]
    first = tree.body[0] if tree.body else None
    begins = first_line(first) if first else line
    return min(begins, line) - 1, [*imports, "", ""]
