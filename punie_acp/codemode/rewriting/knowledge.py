"""What the rewriting must know about a session: the classes of its programs, and the names that need a second look."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from typing import Literal

from punie_acp.codemode.rewriting.library import library_bases
from punie_acp.codemode.rewriting.syntax import dotted

Kind = Literal["plain", "exception", "enum", "tuple", "dict"]

_ENUMS = frozenset({"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"})
_IGNORED = frozenset({"ABC", "object", "Protocol", "Generic", "Hashable", "Iterable", "Iterator", "Sized", "Container"})
_KINDS: dict[str, Kind] = {"NamedTuple": "tuple", "TypedDict": "dict"}


def native_lineage(name: str) -> tuple[str, ...]:
    """A builtin exception's own name and its bases', nearest first; nothing for any other name."""
    found = getattr(builtins, name, None)
    if not isinstance(found, type) or not issubclass(found, BaseException):
        return ()
    return tuple(one.__name__ for one in found.__mro__ if one is not object)


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """One class of a program, with its bases resolved as far as they are known."""

    name: str
    node: ast.ClassDef
    kind: Kind = "plain"
    mro: tuple[str, ...] = ()  # classes with a body that we know, this one first
    natives: tuple[str, ...] = ()  # builtin exceptions and mixed-in types that it derives from
    library: tuple[str, ...] = ()  # bases that the prelude stands in for: "dict", "threading.Thread"

    @property
    def lineage(self) -> tuple[str, ...]:
        """Every name by which `isinstance` finds it."""
        return tuple(dict.fromkeys([*self.mro, *self.natives, *self.library]))


@dataclass(slots=True)
class Knowledge:
    """Grows with every program of a session."""

    classes: dict[str, ClassInfo] = field(default_factory=dict[str, ClassInfo])
    attributes: set[str] = field(default_factory=set[str])  # of objects: properties, attributes of functions
    dunders: set[str] = field(default_factory=set[str])  # methods that Monty does not call by itself
    generators: bool = False
    loaded: set[str] = field(default_factory=set[str])  # pieces of the prelude

    def copy(self) -> Knowledge:
        """The same, to be added to by a program that has not run yet."""
        return Knowledge(dict(self.classes), set(self.attributes), set(self.dunders), self.generators, set(self.loaded))

    def add_class(self, node: ast.ClassDef) -> ClassInfo:
        """Resolve the bases of a class; where one is unknown it is left out."""
        names = [_base_name(base) for base in node.bases]
        known = [self.classes[one] for one in names if one in self.classes]
        library = [one for one in names if one not in self.classes and _library_name(one) in library_bases()]
        for one in library:
            base = library_bases()[_library_name(one)]
            known.append(self.classes.get(base.name) or self._library_class(base, one))
        natives = [one for name in names if name not in self.classes for one in native_lineage(name.rpartition(".")[2])]
        kind = self._kind(names, known, bool(natives))
        if kind == "enum":
            natives += [one for one in names if one in {"str", "int", "float"} | _ENUMS]
        natives += [one for info in known for one in info.natives]
        mro = (node.name, *_merged([info.mro for info in known]))
        inherited = [one for info in known for one in info.library]
        made = ClassInfo(node.name, node, kind, mro, tuple(dict.fromkeys(natives)), (*library, *inherited))
        self.classes[node.name] = made
        return made

    def _library_class(self, node: ast.ClassDef, name: str) -> ClassInfo:
        made = ClassInfo(node.name, node, "plain", (node.name,), library=(name.rpartition(".")[2],))
        self.classes[node.name] = made
        return made

    @staticmethod
    def _kind(names: list[str], known: list[ClassInfo], is_exception: bool) -> Kind:
        if is_exception or any(info.kind == "exception" for info in known):
            return "exception"
        last = {one.rpartition(".")[2] for one in names}
        if last & _ENUMS or any(info.kind == "enum" for info in known):
            return "enum"
        for one, kind in _KINDS.items():
            if one in last:
                return kind
        return known[0].kind if known else "plain"


def is_ignored_base(node: ast.expr) -> bool:
    """Whether a base says nothing about what a class does."""
    return _base_name(node).rpartition(".")[2] in _IGNORED


def _base_name(node: ast.expr) -> str:
    return dotted(node.value if isinstance(node, ast.Subscript) else node)


def _library_name(name: str) -> str:
    return name.rpartition(".")[2]


def _merged(parts: list[tuple[str, ...]]) -> list[str]:
    """The bases' own orders in one, as Python's C3 merges them; one after the other where that is impossible."""
    rest = [list(part) for part in parts if part] + [[part[0] for part in parts if part]]
    merged: list[str] = []
    while any(rest):
        heads = [part[0] for part in rest if part]
        good = next((head for head in heads if not any(head in part[1:] for part in rest)), heads[0])
        merged.append(good)
        rest = [[one for one in part if one != good] for part in rest]
    return merged
