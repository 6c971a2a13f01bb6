"""What is put right before a program is checked, where its meaning is plain. The user is told of each repair.

Each rule looks at one kind of thing that Monty 1.4 cannot run, or that models write by mistake, and edits the text in
place: every line stays where it is.
"""

from __future__ import annotations

import ast
import sys
import textwrap
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from punie_acp.codemode.defining import Import
from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.lifting import saved_by
from punie_acp.codemode.projectcode import module_place
from punie_acp.codemode.source import Definition, Source, bound_by, imported_modules, parsed
from punie_acp.codemode.wrapping import without_fence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_OUR_MODULES = frozenset(
    {"punie", "punie_acp", "tools", "tool", "functions", "execute_code", "sandbox", "agent", "default_api"}
)
"""What models take the external functions to be in."""
_PRINTING = frozenset({"print", "pprint", "sys", "logging"})
_ANSWER_AT_ONCE = frozenset({*FUNCTIONS, "open", "print"})


@dataclass(frozen=True, slots=True)
class Repaired:
    """A program after its repairs, and one sentence for each of them."""

    code: str
    notes: tuple[str, ...] = ()


def repair(code: str, further: Iterable[str] = (), root: Path | None = None) -> Repaired:
    """The program, ready to be checked. One that cannot be parsed comes back as it is.

    `further` are the names of functions that this session has beside the usual ones; `root` is the project's folder.
    """
    notes: list[str] = []
    inside = without_fence(code)
    if inside is not None:
        code = inside
        notes.append("The Markdown fence around the program was taken off.")
    if _is_indented(code):
        code = textwrap.dedent(code)
        notes.append("The indentation of the whole program was taken off.")
    external = frozenset(further)
    session_rules = (
        partial(_superfluous_awaits, further=external),
        partial(_copied_stubs, further=external),
        partial(_imported_functions, further=external, root=root),
    )
    for rule in (*session_rules, *_RULES):
        code = _apply(rule, code, notes)
    return Repaired(code, tuple(dict.fromkeys(notes)))


def _is_indented(code: str) -> bool:
    """Whether all lines are, and nothing else keeps it from being Python."""
    if not code.lstrip("\n")[:1].isspace():
        return False
    return parsed(code) is None and parsed(textwrap.dedent(code)) is not None


def _apply(rule: Callable[[Source], Iterator[str]], code: str, notes: list[str]) -> str:
    """`code` after `rule`, unless that would leave no valid Python or move a line."""
    try:
        source = Source(code)
        found = list(rule(source))
        if not source.changed:
            return code
        repaired = source.edited()
        ast.parse(repaired)
    except (SyntaxError, ValueError, RecursionError):
        return code
    if not _same_lines(code, repaired):
        return code
    notes += found
    return repaired


def _same_lines(before: str, after: str) -> bool:
    """Whether no line has moved; something may have been added after the last one."""
    return after.count("\n") >= before.count("\n")


def _superfluous_awaits(source: Source, further: frozenset[str]) -> Iterator[str]:
    """`await read_file(…)`: at the top level external functions answer at once.

    In a coroutine nothing is said of it: there `deferring.py` puts the `await` back, after the check.
    """
    silent = (_ANSWER_AT_ONCE | further) - source.bound
    in_coroutines = {
        inner for node in source.nodes if isinstance(node, ast.AsyncFunctionDef) for inner in ast.walk(node)
    }
    for node in source.nodes:
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Name) and called.id in silent:
                source.replace(source.start(node), source.start(node.value), "")
                if node not in in_coroutines:
                    yield f"`await` before {called.id} was left out: it answers at once."


def _copied_stubs(source: Source, further: frozenset[str]) -> Iterator[str]:
    """`def read_file(path: str) -> str: ...`, copied from the instructions: it would take the function's place."""
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS.keys() | further and _is_stub(node):
            source.replace_node(node, "pass")
            yield f"The definition of {node.name} without a body was left out: it is there already."


def _is_stub(node: ast.FunctionDef) -> bool:
    """Whether nothing stands in a function but `...`, and perhaps a docstring."""
    values = [statement.value if isinstance(statement, ast.Expr) else None for statement in node.body]
    constants = [value.value if isinstance(value, ast.Constant) else None for value in values]
    return constants[-1] is Ellipsis and all(isinstance(value, str) for value in constants[:-1])


def _imported_functions(source: Source, further: frozenset[str], root: Path | None) -> Iterator[str]:
    """`from tools import read_file`, `import calculator`: what programs may call need not be imported."""
    for node in source.nodes:
        if not isinstance(node, Import):
            continue
        names = {alias.name for alias in node.names}
        modules = _modules_of(node)
        if not modules or any(module_place(root, module) is not None for module in modules if root is not None):
            continue
        likely = modules <= _OUR_MODULES | FUNCTIONS.keys() | further
        if (names <= FUNCTIONS.keys() | further and likely) or names <= further:
            renamed = [f"{alias.asname} = {alias.name}" for alias in node.names if alias.asname]
            source.replace_node(node, "; ".join(renamed) or "pass")
            yield f"The import of {', '.join(sorted(names))} was left out: it is there already."


def _missing_awaits(source: Source) -> Iterator[str]:
    """`main()` at the top level, where main is a coroutine function of the program."""
    coroutines = {node.name for node in source.tree.body if isinstance(node, ast.AsyncFunctionDef)}
    for statement in _top_level(source.tree.body):
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            called = statement.value.func
            if isinstance(called, ast.Name) and called.id in coroutines:
                source.insert(source.start(statement), "await ")
                yield f"{called.id}() was awaited; without that it would not have run."


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from _top_level(statement.body)
            yield from _top_level(statement.orelse)


def _module_called(source: Source) -> Iterator[str]:
    """`import glob; glob("*")` → `glob.glob("*")`, and `from glob import glob; glob.glob("*")` → `glob("*")`."""
    modules = {
        alias.name for node in source.nodes if isinstance(node, ast.Import) for alias in node.names if not alias.asname
    }
    functions = {
        alias.name
        for node in source.nodes
        if isinstance(node, ast.ImportFrom) and node.level == 0
        for alias in node.names
        if alias.name == node.module and not alias.asname
    }
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        for name in ("glob", "copy", "time", "random", "pprint"):
            if isinstance(called, ast.Name) and called.id == name and name in modules - functions:
                source.insert(source.end(called), f".{name}")
                yield f"{name}(…) was read as {name}.{name}(…)."
            elif name in functions - modules and ast.unparse(called) == f"{name}.{name}":
                source.replace_node(called, name)
                yield f"{name}.{name}(…) was read as {name}(…)."


def _saved_of_modules(source: Source) -> Iterator[str]:
    """`save_definition("shapes.py", shapes.area)` beside a `def area`: the new one is meant."""
    new = {node.name for node in source.tree.body if isinstance(node, Definition)}
    for argument in (one for node in source.nodes for one in saved_by(node)):
        if isinstance(argument, ast.Attribute) and isinstance(argument.value, ast.Name) and argument.attr in new:
            source.replace_node(argument, argument.attr)
            yield f"{ast.unparse(argument)} was taken for the {argument.attr} that this program defines."


def _unused_imports(source: Source) -> Iterator[str]:
    """`from shop.cart import total` beside a new `total` that is only saved, or beside nothing that uses it.

    Programs cannot import them. Beside what is saved, what nothing uses and what needs such an import goes too: a test
    that was copied with its data. A program that does nothing in the project but import is left as it is.
    """
    body = source.tree.body
    foreign = [node for node in body if _modules_of(node) and not _modules_of(node) & sys.stdlib_module_names]
    if not foreign:
        return
    saved = {argument for node in source.nodes for argument in saved_by(node)}
    new = {node.name for node in body if isinstance(node, Definition)}
    loaded = {node: _loaded(node, saved, new) for node in body}
    if not set().union(*loaded.values()) & FUNCTIONS.keys():
        return
    idle = _idle(body, foreign, loaded, {one.id for one in saved if isinstance(one, ast.Name)}) if saved else []
    used = set[str]().union(*(loaded[node] for node in body if node not in idle))
    unused = [node for node in foreign if not bound_by(node) & used]
    for node in [*idle, *unused] if unused else []:
        source.leave_out(node)
    for node in unused:
        modules = ", ".join(sorted(_modules_of(node)))
        yield f"The import of {modules} was left out: nothing uses it, and programs have none."


def _idle(
    body: list[ast.stmt], foreign: list[ast.stmt], loaded: dict[ast.stmt, set[str]], saved: set[str]
) -> list[ast.stmt]:
    """What only binds names, with the help of `foreign` imports, that neither is saved nor used by anything else."""
    imported = set[str]().union(*map(bound_by, foreign))
    idle: list[ast.stmt] = []
    while True:
        live = [node for node in body if node not in idle]
        further = [
            node
            for node in live
            if isinstance(node, Definition | ast.Assign)
            and loaded[node] & imported
            and not bound_by(node) & saved.union(*(loaded[one] for one in live if one is not node))
        ]
        if not further:
            return idle
        idle += further


def _loaded(node: ast.stmt, saved: set[ast.expr], new: set[str]) -> set[str]:
    """The names that a statement uses; not those of new definitions that it only saves."""
    names = [one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)]
    return {one.id for one in names if one not in saved or one.id not in new}


def _modules_of(node: ast.stmt) -> set[str]:
    """The packages that an import is from; none of other statements, and of imports of the package that it is in."""
    modules = imported_modules([node])
    return {module.partition(".")[0] for module in modules}


def _unprinted(source: Source) -> Iterator[str]:
    """A program that ends with `total = …` and has printed nothing: it gives the value, as if the name stood alone."""
    body = source.tree.body
    last = body[-1] if body else None
    if not isinstance(last, ast.Assign | ast.AnnAssign | ast.AugAssign) or not _finds_out_in_silence(source):
        return
    target = last.targets[-1] if isinstance(last, ast.Assign) else last.target
    if isinstance(target, ast.Name):
        source.insert(source.end(last), f"\n{target.id}")
        yield f"The value of {target.id} is told, because nothing was printed."


def _finds_out_in_silence(source: Source) -> bool:
    """Whether a program calls or calculates something, and prints nothing; not one that the project's Python runs."""
    names = {one.id for one in source.nodes if isinstance(one, ast.Name)}
    foreign = set[str]().union(*map(_modules_of, source.tree.body)) - sys.stdlib_module_names
    finds_out = any(isinstance(one, ast.Call | ast.BinOp) for one in source.nodes)
    return finds_out and not foreign and not names & _PRINTING


_RULES: tuple[Callable[[Source], Iterator[str]], ...] = (
    _missing_awaits,
    _module_called,
    _saved_of_modules,
    _unused_imports,
    _unprinted,
)
