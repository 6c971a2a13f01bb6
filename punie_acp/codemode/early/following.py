"""Reads in a loop over a known list, begun before their turn where reading is slow: in an editor, not on a disk.

Known are the lists that a program was given (`list_files`, `glob`, the files of a `search`) and those that it writes
out. When it has read two files that follow each other in one of them, and the second took a while, those behind are
read at once. They are shown, and count, when their turn comes. A call that does more than read ends all of it.
"""

from __future__ import annotations

import ast
import time
from dataclasses import dataclass, field
from functools import cached_property, partial
from os.path import normpath
from pathlib import PurePath
from typing import TYPE_CHECKING, cast

import anyio
from pydantic_monty import ScanEntry

from punie_acp.codemode.events import CallType
from punie_acp.codemode.functions import Match
from punie_acp.codemode.source import parsed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from anyio.abc import TaskGroup

    from punie_acp.codemode.calls import Answer, Perform, Plan

SLOW_SECONDS = 0.005
"""A read that takes as long makes it worth while: a file on the disk takes less than one millisecond."""
FRESH_SECONDS = 1.0
"""What was read longer ago is read again in its turn."""
AT_ONCE = 8
KEPT_LISTS = 20

_LISTING = frozenset({"list_files", "glob.glob", "search", "Path.iterdir", "Path.scan"})
_FOLLOWED = frozenset({"read_file", "open.read_text", "Path.read_text"})


@dataclass(slots=True, eq=False)
class _Begun:
    """A read before its turn."""

    answer: Answer | Exception | None = None  # None: it is to be made in its turn
    ended: anyio.Event = field(default_factory=anyio.Event)
    ended_at: float = 0.0  # monotonic seconds
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class _Known:
    """A list of paths, relative to a folder."""

    def __init__(self, folder: str, names: Sequence[str]) -> None:
        self._folder = folder
        self._names = names

    @cached_property
    def _paths(self) -> list[str]:
        return list(dict.fromkeys(_absolute(self._folder, name) for name in self._names))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {path: place for place, path in enumerate(self._paths)}

    def behind(self, before: str, path: str) -> list[str]:
        """The paths that come after `path`, where `before` comes just before it."""
        place = self._places.get(path, 0)
        if not place or self._paths[place - 1] != before:
            return []
        return self._paths[place + 1 : place + 1 + AT_ONCE]


class Following:
    """The lists of one program, and the reads that were begun. Its tasks run in `group`."""

    def __init__(self, root: Path, code: str, plan_of: Callable[[str, str], Awaitable[Plan]], group: TaskGroup) -> None:
        """`root` is the folder of the program `code`; `plan_of` plans the call of a function with a path."""
        self._root = str(root)
        self._code = code
        self._plan_of = plan_of
        self._group = group
        self._given: list[_Known] = []
        self._last: tuple[str, str] | None = None  # function and path of the read before
        self._begun: dict[tuple[str, str], _Begun] = {}

    def learn(self, name: str, arguments: Mapping[str, object], value: object) -> None:
        """Take note of what a call gave, if that is a list of paths."""
        if name in _LISTING and isinstance(value, list):
            names = [one for one in map(_path_of, cast("list[object]", value)) if one]
            folder = _absolute(self._root, str(arguments["path"])) if name == "Path.scan" else self._root
            self._given = [_Known(folder, names), *self._given[: KEPT_LISTS - 1]]

    def forget(self) -> None:
        """What has been begun does not count any more."""
        for begun in self._begun.values():
            begun.scope.cancel()
        self._begun.clear()
        self._last = None

    def instead(self, name: str, arguments: Mapping[str, object], plan: Plan) -> Perform:
        """What performs `plan` in a shorter time where it has been begun, and begins others."""
        if plan.type is not CallType.READ:
            self.forget()
        if name not in _FOLLOWED or list(arguments) != ["path"] or not (self._given or self._written_out):
            return plan.perform
        read = name, _absolute(self._root, str(arguments["path"]))
        before, self._last = self._last, read
        return partial(self._perform, before, read, plan.perform, self._begun.pop(read, None))

    async def _perform(
        self,
        before: tuple[str, str] | None,
        read: tuple[str, str],
        perform: Perform,
        begun: _Begun | None,
        report: Callable[..., Awaitable[None]],
    ) -> Answer:
        start = time.monotonic()
        answer = None if begun is None else await _answer_of(begun)
        if answer is None:
            answer = await perform(report)
        is_slow = begun is not None or time.monotonic() - start >= SLOW_SECONDS
        if is_slow and before is not None and before[0] == read[0] and self._last == read:
            self._begin(read[0], self._behind(before[1], read[1]))
        return answer

    def _behind(self, before: str, path: str) -> list[str]:
        """The paths that stand behind these two in a list."""
        for known in (*self._given, *self._written_out):
            if behind := known.behind(before, path):
                return behind
        return []

    @cached_property
    def _written_out(self) -> list[_Known]:
        return [_Known(self._root, names) for names in _lists_in(self._code)]

    def _begin(self, name: str, paths: list[str]) -> None:
        for path in paths:
            if (name, path) not in self._begun:
                begun = self._begun[name, path] = _Begun()
                self._group.start_soon(self._fetch, name, path, begun)

    async def _fetch(self, name: str, path: str, begun: _Begun) -> None:
        with begun.scope:
            try:
                plan = await self._plan_of(name, path)
                if plan.type is CallType.READ and plan.sensitive is None:
                    begun.answer = await plan.perform(_unheard)
            except Exception as error:  # noqa: BLE001 - what a workspace raises is an answer too
                begun.answer = error
            finally:
                begun.ended_at = time.monotonic()
                begun.ended.set()


def _absolute(folder: str, path: str) -> str:
    return normpath(path if path.startswith("/") else f"{folder}/{path}")


async def _answer_of(begun: _Begun) -> Answer | None:
    """What a read gave; None where it has to be made in its turn."""
    await begun.ended.wait()
    if time.monotonic() - begun.ended_at > FRESH_SECONDS:
        return None
    if isinstance(begun.answer, Exception):
        raise begun.answer
    return begun.answer


async def _unheard(_: object) -> None:
    """A read has no progress."""


def _path_of(value: object) -> str:
    """The file that an item of a list names; nothing where it names none."""
    if isinstance(value, Match):
        return value.path
    if isinstance(value, ScanEntry):
        return value.path if value.is_file else ""
    return str(value) if isinstance(value, str | PurePath) else ""


def _lists_in(code: str) -> Iterator[list[str]]:
    """The lists of texts that a program writes out."""
    tree = parsed(code)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 2:
            texts = [one.value for one in node.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if len(texts) == len(node.elts):
                yield texts
