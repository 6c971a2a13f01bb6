"""Classes with bases, properties and class methods as the plain classes that Monty 1.4 has.

A class gets a copy of every method it inherits; `super().m()` becomes a call of the next copy in line. Static and class
methods become functions that the class holds, properties methods that `_attr` looks for.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from punie_acp.codemode.rewriting.dataclass import complete_dataclass, dataclass_fields, without_places
from punie_acp.codemode.rewriting.enums import enum_statements, is_member
from punie_acp.codemode.rewriting.supers import Supers, calls_super, class_function
from punie_acp.codemode.rewriting.syntax import (
    Function,
    assign,
    at,
    attribute,
    call,
    dotted,
    name,
    statement,
    text,
    texts,
)

if TYPE_CHECKING:
    from punie_acp.codemode.rewriting.knowledge import ClassInfo, Knowledge

_PROPERTIES = frozenset({"property", "cached_property", "functools.cached_property", "abc.abstractproperty"})
_DROPPED = frozenset(
    {"abstractmethod", "abc.abstractmethod", "override", "final", "typing.final", "total_ordering", "unique"}
    | {"functools.total_ordering", "enum.unique", "runtime_checkable", "typing.runtime_checkable"}
)
_CLASS_METHODS = frozenset({"__init_subclass__", "__class_getitem__"})


@dataclass(slots=True)
class _Body:
    """The parts of a class while it is put together."""

    before: list[ast.stmt] = field(default_factory=list[ast.stmt])
    inside: list[ast.stmt] = field(default_factory=list[ast.stmt])
    after: list[ast.stmt] = field(default_factory=list[ast.stmt])


class Classes(ast.NodeTransformer):
    """Rewrites every class of a program, in the order in which they stand."""

    def __init__(self, knowledge: Knowledge, *, with_fields: bool) -> None:
        self.knowledge = knowledge
        self.with_fields = with_fields

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST | list[ast.stmt]:
        """The statements that make the class."""
        inner = [part for part in node.body if isinstance(part, ast.ClassDef)]
        before = [made for part in inner for made in _as_list(self.visit_ClassDef(part))]
        node.body = [assign(one.name, name(one.name)) if isinstance(one, ast.ClassDef) else one for one in node.body]
        self.generic_visit(node)
        info = self.knowledge.add_class(copy.deepcopy(node))
        made = _Maker(self.knowledge, info, node, with_fields=self.with_fields).make()
        return [*before, *at(node, *made)]


def _as_list(made: ast.AST | list[ast.stmt]) -> list[ast.stmt]:
    return made if isinstance(made, list) else [made]  # type: ignore[list-item]


class _Maker:
    def __init__(self, knowledge: Knowledge, info: ClassInfo, node: ast.ClassDef, *, with_fields: bool) -> None:
        self.knowledge = knowledge
        self.info = info
        self.node = node
        self.with_fields = with_fields
        self.body = _Body()
        self.abstract: dict[str, None] = {}

    def make(self) -> list[ast.stmt]:
        """All statements, the class itself among them."""
        info, node = self.info, self.node
        if info.kind == "dict":
            return [assign(node.name, name("dict"))]
        if info.kind == "enum":
            members = [part for part in self._ancestors_bodies() if is_member(part)]
            node.body = [part for part in node.body if not is_member(part)]
            self._fill()
            self.knowledge.dunders |= {"__len__"} | ({"__lt__"} if info.natives else set())
            made = self._class([])
            return [*self.body.before, *made, *enum_statements(info, members), *self.body.after]
        if info.kind == "tuple" and not any(isinstance(part, Function) for part in node.body):
            return [self._named_tuple()]
        self._fill()
        decorators = [one for one in node.decorator_list if dotted(one) not in _DROPPED]
        made = self._class(decorators)
        return [*self.body.before, *made, *self.body.after, *self._subclass_hooks()]

    def _class(self, decorators: list[ast.expr]) -> list[ast.stmt]:
        lineage = assign("_lineage", texts(self.info.lineage))
        plain = ast.ClassDef(self.node.name, [], [], [lineage, *self.body.inside], decorators)
        if self.info.kind == "tuple":
            plain.decorator_list = [name("dataclass")]
            defined = {part.name for part in self.node.body if isinstance(part, Function)}
            plain.body += _written(_OF_TUPLES, [one for one in _OF_TUPLES if one not in defined])
            plain.body.append(assign("_fields", texts(dataclass_fields(self._annotated()))))
            self.knowledge.dunders |= {"__len__", "__lt__"}
        elif any(_is_dataclass(one) for one in decorators):
            complete_dataclass(plain, with_fields=self.with_fields)
            self.knowledge.dunders |= {part.name for part in plain.body if isinstance(part, Function)} & {"__lt__"}
        return [plain]

    def _ancestors(self) -> list[ClassInfo]:
        """From the farthest base down to the class itself."""
        return [self.knowledge.classes[one] for one in reversed(self.info.mro[1:])] + [self.info]

    def _ancestors_bodies(self) -> list[ast.stmt]:
        return [part for info in self._ancestors() for part in info.node.body]

    def _annotated(self) -> list[ast.stmt]:
        return [part for part in self._ancestors_bodies() if isinstance(part, ast.AnnAssign)]

    # Members.

    def _fill(self) -> None:
        members: dict[str, tuple[ClassInfo, ast.stmt]] = {}
        for info in self._ancestors():
            own = self.node.body if info is self.info else info.node.body
            for part in own:
                for key in _member_names(part):
                    if info is not self.info or key in members:
                        members.pop(key, None) if not isinstance(part, ast.AnnAssign) else None
                    members[key] = (info, part)
        for owner, part in members.values():
            self._member(owner, part)
        if self.info.kind == "exception":
            self.body.inside += _written(_OF_EXCEPTIONS, [one for one in _OF_EXCEPTIONS if one not in members])
        for owner, part in self._overridden(members):
            self._method(owner, part, f"_super_{owner.name}_{part.name}")
        if self.abstract:
            self._refuse_instances()

    def _overridden(self, members: dict[str, tuple[ClassInfo, ast.stmt]]) -> list[tuple[ClassInfo, Function]]:
        """The methods of bases that a `super()` may reach."""
        if not any(calls_super(part) for info in self._ancestors() for part in info.node.body):
            return []
        found = [
            (info, part) for info in self._ancestors()[:-1] for part in info.node.body if isinstance(part, Function)
        ]
        return [(info, part) for info, part in found if members.get(part.name, (None,))[0] is not info]

    def _member(self, owner: ClassInfo, part: ast.stmt) -> None:
        if isinstance(part, Function):
            self._method(owner, part, part.name)
        elif isinstance(part, ast.Assign | ast.AnnAssign):
            self._variable(owner, part)
        elif owner is self.info and not isinstance(part, ast.Pass):
            self.body.inside.append(part)

    def _variable(self, owner: ClassInfo, part: ast.Assign | ast.AnnAssign) -> None:
        keeps_annotations = self.info.kind == "tuple" or any(_is_dataclass(one) for one in self.node.decorator_list)
        if isinstance(part, ast.AnnAssign):
            if keeps_annotations:
                self.body.inside.append(copy.deepcopy(part))
                return
            if part.value is None:
                return
            part = ast.Assign([part.target], part.value)
        if owner is self.info or owner.library:
            self.body.inside.append(ast.Assign(part.targets, part.value))
        else:
            targets = [one.id for one in part.targets if isinstance(one, ast.Name)]
            self.body.inside += [assign(one, attribute(owner.name, one)) for one in targets]

    def _method(self, owner: ClassInfo, part: Function, key: str) -> None:
        made = copy.deepcopy(part)
        kinds = {dotted(one) for one in made.decorator_list}
        setter = next((one.rpartition(".")[2] for one in kinds if one.endswith((".setter", ".deleter"))), "")
        if "abstractmethod" in kinds or "abc.abstractmethod" in kinds:
            self.abstract[part.name] = None
        made.decorator_list = [one for one in made.decorator_list if not _is_replaced(one)]
        Supers(self.knowledge, self.info, owner, made).rewrite()
        if setter:
            made.name = f"_{setter[:3]}_{part.name}"
            self.knowledge.attributes.add(part.name)
            self.body.inside.append(made)
        elif kinds & _PROPERTIES:
            self.knowledge.attributes.add(part.name)
            made.name = key if key.startswith("_super_") else f"_get_{part.name}"
            if "cached" in "".join(kinds & _PROPERTIES):
                made.name = f"_compute_{part.name}"
                self.body.inside += without_places(_CACHED.replace("NAME", part.name))
            self._hold(made)
        elif "staticmethod" in kinds:
            self._outside(made, key, bound=False)
        elif "classmethod" in kinds or part.name in _CLASS_METHODS:
            self._outside(made, key, bound=True)
        else:
            self._plain_method(made, key)

    def _plain_method(self, made: Function, key: str) -> None:
        if key.startswith("__") and key.endswith("__"):
            self.knowledge.dunders.add(key)
        made.name = "_init_" if key == "__init__" and self._has_new() else key
        if key == "__init__" and self.info.kind == "exception":
            made.body.insert(0, assign(ast.Attribute(name(_first(made)), "args", ast.Store()), _all_parameters(made)))
        if made.name == "__new__":
            self.knowledge.dunders.add(f"{self.info.name}.__new__")
        self._hold(made)

    def _hold(self, made: Function) -> None:
        """A method; one with decorators, which Monty does not take, as a function beside the class that it calls."""
        if not made.decorator_list:
            self.body.inside.append(made)
            return
        method, made.name = made.name, class_function(self.info.name, made.name)
        self.body.before.append(made)
        self.body.inside += without_places(
            f"def {method}(self, *args, **options):\n    return {made.name}(self, *args, **options)"
        )

    def _has_new(self) -> bool:
        return any(isinstance(part, Function) and part.name == "__new__" for part in self._ancestors_bodies())

    def _outside(self, made: Function, key: str, *, bound: bool) -> None:
        """A function beside the class, which holds it: with the class as first argument where `bound`."""
        made.name = class_function(self.info.name, key)
        self.body.before.append(made)
        if bound:
            held = call("_Held", name(made.name), name(self.info.name))
            self.body.after.append(ast.Assign([ast.Attribute(name(self.info.name), key, ast.Store())], held))
        else:
            self.body.inside.append(assign(key, call("_Held", name(made.name))))

    def _refuse_instances(self) -> None:
        """A class that has abstract methods left cannot be instantiated."""
        names = ", ".join(f"'{one}'" for one in sorted(self._abstract_left()))
        if not names:
            return
        plural = "s" if "," in names else ""
        lacking = f"without an implementation for abstract method{plural} {names}"
        said = f"Can't instantiate abstract class {self.info.name} {lacking}"
        init = f"def __init__(self, *args, **kwargs):\n    raise TypeError({said!r})"
        self.body.inside = [
            part for part in self.body.inside if not (isinstance(part, Function) and part.name == "__init__")
        ]
        self.body.inside += without_places(init)

    def _abstract_left(self) -> list[str]:
        left: dict[str, None] = {}
        for info in self._ancestors():
            for part in info.node.body:
                if isinstance(part, ast.Assign | ast.AnnAssign) and part.value is not None:
                    for one in _member_names(part):
                        left.pop(one, None)
                elif isinstance(part, Function):
                    is_abstract = {"abstractmethod", "abc.abstractmethod"} & {
                        dotted(one) for one in part.decorator_list
                    }
                    left.pop(part.name, None)
                    left |= {part.name: None} if is_abstract else {}
        return list(left)

    def _named_tuple(self) -> ast.stmt:
        annotated = [part for part in self._annotated() if isinstance(part, ast.AnnAssign)]
        fields = [part.target.id for part in annotated if isinstance(part.target, ast.Name)]
        defaults = [part.value for part in annotated if part.value is not None]
        made = call("_namedtuple", text(self.info.name), texts(fields))
        if defaults:
            made.keywords.append(ast.keyword("defaults", ast.Tuple(defaults, ast.Load())))
        return assign(self.info.name, made)

    def _subclass_hooks(self) -> list[ast.stmt]:
        """`__init_subclass__` of the nearest base that has one."""
        for one in self.info.mro[1:]:
            base = self.knowledge.classes[one]
            if any(isinstance(part, Function) and part.name == "__init_subclass__" for part in base.node.body):
                given = {keyword.arg: keyword.value for keyword in self.node.keywords if keyword.arg}
                return [statement(call(class_function(one, "__init_subclass__"), name(self.info.name), **given))]
        return []


_CACHED = """\
def _get_NAME(self):
    if not hasattr(self, '_cached_NAME'):
        self._cached_NAME = self._compute_NAME()
    return self._cached_NAME
"""

_OF_EXCEPTIONS = {
    "__init__": "def __init__(self, *args):\n    self.args = args",
    "__str__": "def __str__(self):\n    return _exception_str(self)",
    "__repr__": "def __repr__(self):\n    return _exception_repr(self)",
}
"""What every exception has, unless its class says otherwise."""


_OF_TUPLES = {
    "__iter__": "def __iter__(self):\n    return iter([getattr(self, one) for one in self._fields])",
    "__len__": "def __len__(self):\n    return len(self._fields)",
    "__getitem__": "def __getitem__(self, index):\n    return tuple(self)[index]",
    "__contains__": "def __contains__(self, value):\n    return value in tuple(self)",
    "__eq__": "def __eq__(self, other):\n    return tuple(self) == tuple(other)",
    "__lt__": "def __lt__(self, other):\n    return _lt(tuple(self), tuple(other))",
    "__hash__": "def __hash__(self):\n    return hash(tuple(self))",
    "__add__": "def __add__(self, other):\n    return tuple(self) + tuple(other)",
    "_asdict": "def _asdict(self):\n    return {one: getattr(self, one) for one in self._fields}",
    "_replace": "def _replace(self, **changes):\n    return type(self)(**{**self._asdict(), **changes})",
}
"""What a named tuple that has methods of its own has besides: Monty's named tuples take no methods."""


def _written(methods: dict[str, str], names: list[str]) -> list[ast.stmt]:
    return [part for one in names for part in without_places(methods[one])]


def _member_names(part: ast.stmt) -> list[str]:
    """What a statement of a class body defines; a name of its own for what defines nothing."""
    if isinstance(part, Function):
        setter = next((one for one in map(dotted, part.decorator_list) if one.endswith((".setter", ".deleter"))), "")
        return [f"{part.name}.{setter.rpartition('.')[2]}" if setter else part.name]
    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
        return [part.target.id]
    if isinstance(part, ast.Assign):
        return [one.id for one in part.targets if isinstance(one, ast.Name)][:1] or [str(id(part))]
    return [str(id(part))]


def _is_replaced(decorator: ast.expr) -> bool:
    found = dotted(decorator)
    return found in _PROPERTIES | _DROPPED | {"staticmethod", "classmethod"} or found.endswith((".setter", ".deleter"))


def _is_dataclass(decorator: ast.expr) -> bool:
    return dotted(decorator.func if isinstance(decorator, ast.Call) else decorator).rpartition(".")[2] == "dataclass"


def _first(function: Function) -> str:
    return (function.args.posonlyargs + function.args.args)[0].arg


def _all_parameters(function: Function) -> ast.expr:
    """The positional arguments of a method as a tuple, which is what an exception keeps as its `args`."""
    given: list[ast.expr] = [name(one.arg) for one in (function.args.posonlyargs + function.args.args)[1:]]
    if function.args.vararg:
        given.append(ast.Starred(name(function.args.vararg.arg), ast.Load()))
    return ast.Tuple(given, ast.Load())
