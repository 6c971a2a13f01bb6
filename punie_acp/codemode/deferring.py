"""Calls that may run at once: those that a program gathers, and those in its coroutines.

Everywhere else an external function answers at once and the program waits. `asyncio.gather(read_file("a"), …)`,
tasks and `async def` are where a program says that it need not; there the function's deferred form is called, which
gives something to await (`simultaneous.py` runs it).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeGuard

from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEFERRED = "_deferred_"
"""What the name of a function begins with where the program does not wait for it."""

_IN_TURN = frozenset(
    {
        *("Lock", "Event", "Condition", "Queue", "PriorityQueue", "LifoQueue", "Barrier"),
        *("Semaphore", "BoundedSemaphore"),  # so that a bound is kept: one after the other is never too many at once
    }
)
"""With these a program relies on when its coroutines are switched; the prelude's work only where they run in turn."""

_GATHERING = frozenset({"asyncio.gather", "asyncio.ensure_future", "asyncio.create_task"})

_Scope = ast.FunctionDef | ast.Lambda | ast.ClassDef | ast.GeneratorExp


def defer(code: str, further: Iterable[str] = ()) -> str:
    """`code` with the deferred form of each external function that may run beside others; no line moves.

    `further` are the names of functions that this session has beside the usual ones.
    """
    if not any(word in code for word in ("gather", "async def", "create_task", "to_thread")):
        return code
    try:
        source = Source(code)
    except (SyntaxError, ValueError, RecursionError):
        return code
    _Deferring(source, frozenset({*FUNCTIONS, *further}) - source.bound).apply()
    return source.edited()


class _Deferring:
    def __init__(self, source: Source, external: frozenset[str]) -> None:
        self._source = source
        self._external = external
        self._gathered: set[ast.Call] = set()

    def apply(self) -> None:
        for gathering in self._gatherings():
            for part in gathering.args:
                self._gathered.update(self._calls_of(part))
        for call in self._gathered:
            self._rename(call)
        for call in self._in_threads():
            rest = [*call.args[1:], *call.keywords]
            after = self._source.start(rest[0]) if rest else self._source.end(call) - 1
            self._source.replace(self._source.start(call), after, f"{DEFERRED}{_name(call.args[0])}(")
        if not any(_name(node) in _IN_TURN for node in self._source.nodes):
            for call in self._calls_in_coroutines():
                self._source.wrap(call, "(await ", ")")
                self._rename(call)

    def _rename(self, call: ast.Call) -> None:
        self._source.insert(self._source.start(call.func), DEFERRED)

    def _gatherings(self) -> Iterator[ast.Call]:
        imported = any(
            isinstance(node, ast.ImportFrom)
            and node.module == "asyncio"
            and any(a.name == "gather" for a in node.names)
            for node in self._source.nodes
        )
        gathering = _GATHERING | {f"{group}.create_task" for group in self._task_groups()}
        for node in self._source.nodes:
            if isinstance(node, ast.Call) and (
                ast.unparse(node.func) in gathering or (imported and _name(node.func) == "gather")
            ):
                yield node

    def _task_groups(self) -> Iterator[str]:
        """`group` of `async with asyncio.TaskGroup() as group`."""
        for node in self._source.nodes:
            for item in node.items if isinstance(node, ast.AsyncWith) else ():
                made = item.context_expr
                if isinstance(made, ast.Call) and _name(made.func) == "TaskGroup" and item.optional_vars is not None:
                    yield _name(item.optional_vars)

    def _in_threads(self) -> Iterator[ast.Call]:
        """`asyncio.to_thread(read_file, path)`, which says that the program need not wait either."""
        for node in self._source.nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "asyncio.to_thread" and node.args:
                called = node.args[0]
                if isinstance(called, ast.Name) and called.id in self._external:
                    yield node

    def _calls_of(self, part: ast.expr) -> Iterator[ast.Call]:
        """The external calls that are a member of a gathering, as it is written or by way of a list's name."""
        if isinstance(part, ast.Starred):
            yield from self._calls_of(self._list_named(part.value) if isinstance(part.value, ast.Name) else part.value)
        elif isinstance(part, ast.List | ast.Tuple):
            for element in part.elts:
                yield from self._calls_of(element)
        elif isinstance(part, ast.ListComp | ast.GeneratorExp):
            yield from self._calls_of(part.elt)
        elif self._is_external(part):
            yield part

    def _list_named(self, name: ast.Name) -> ast.expr:
        """What `name` stands for where it is bound once, to a list, and used nowhere but here."""
        uses = [node for node in self._source.nodes if isinstance(node, ast.Name) and node.id == name.id]
        values = [
            node.value
            for node in self._source.nodes
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and _name(node.targets[0]) == name.id
        ]
        return values[0] if len(uses) == 2 and len(values) == 1 else name  # bound, and used

    def _is_external(self, node: ast.AST) -> TypeGuard[ast.Call]:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._external

    def _calls_in_coroutines(self) -> Iterator[ast.Call]:
        for node in _plain_nodes(self._source.tree):
            if isinstance(node, ast.AsyncFunctionDef) and not _is_generator(node):
                for inner in _own_nodes(node):
                    if self._is_external(inner) and inner not in self._gathered:
                        yield inner


def _plain_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes outside of classes, whose methods are written anew before they run."""
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.ClassDef):
            yield child
            yield from _plain_nodes(child)


def _own_nodes(function: ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """What runs in the body of `function` itself, where `await` may stand."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _Scope | ast.AsyncFunctionDef):
            waiting += ast.iter_child_nodes(node)


def _is_generator(function: ast.AsyncFunctionDef) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(function))


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
