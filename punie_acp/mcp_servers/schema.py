"""JSON schemas as Python types, in text. What cannot be said, or is not worth its length, is `Any`.

Objects with known properties become `TypedDict` classes, so that a program can write them as plain dicts and the type
checker knows their keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from punie_acp.mcp_servers.names import camel, unique

MAX_CHOICES = 20
MAX_CHOICE = 60
"""A `Literal` of more values, or of longer ones (in characters), is longer than it helps."""
MAX_DEPTH = 4
MAX_CLASSES = 12
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
Schema = Mapping[str, object]


@dataclass
class Types:
    """Names the types of one tool's schemas, and keeps the classes that they need."""

    root: Schema  # where `$ref` looks things up
    taken: set[str]  # names that no class may have; those of new ones are added
    classes: dict[str, str] = field(default_factory=dict[str, str])  # source by name, each after those it uses
    _by_shape: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def source(self) -> str:
        """The classes as Python."""
        return "".join(self.classes.values())

    def name(self, schema: object, hint: str, depth: int = 0) -> str:
        """The Python type of `schema`; a class that it needs is named after `hint`."""
        resolved = self._resolved(schema)
        if resolved is None or depth > MAX_DEPTH:
            return "Any"
        for members in (resolved.get("anyOf"), resolved.get("oneOf")):
            if isinstance(members, list):
                return _union([self.name(one, hint, depth + 1) for one in cast("list[object]", members)])
        if "const" in resolved:
            return _literal([resolved["const"]])
        if isinstance(resolved.get("enum"), list):
            return _literal(cast("list[object]", resolved["enum"]))
        kind = resolved.get("type")
        if isinstance(kind, list):
            return _union([self._typed(one, resolved, hint, depth) for one in cast("list[object]", kind)])
        return self._typed(kind or ("object" if "properties" in resolved else None), resolved, hint, depth)

    def properties(self, schema: object) -> Schema:
        """The properties of an object's schema, by name; none where it says nothing of them."""
        return mapping_of((self._resolved(schema) or {}).get("properties"))

    def required(self, schema: object) -> frozenset[str]:
        """The properties without which an object is not complete."""
        names = (self._resolved(schema) or {}).get("required")
        return frozenset(str(name) for name in cast("list[object]", names)) if isinstance(names, list) else frozenset()

    def _typed(self, kind: object, schema: Schema, hint: str, depth: int) -> str:
        if kind == "array":
            return f"list[{self.name(schema.get('items'), f'{hint}Item', depth + 1)}]"
        if kind == "object":
            return self._object(schema, hint, depth)
        return _PLAIN.get(str(kind), "Any")

    def _object(self, schema: Schema, hint: str, depth: int) -> str:
        properties = mapping_of(schema.get("properties"))
        if not properties:
            values = schema.get("additionalProperties")
            named = "Any" if isinstance(values, bool | None) else self.name(values, hint, depth + 1)
            return f"dict[str, {named}]"
        if not all(_is_field(name) for name in properties) or len(self.classes) >= MAX_CLASSES:
            return "dict[str, Any]"
        shape = json.dumps(schema, sort_keys=True, default=str)
        if shape not in self._by_shape:
            self._by_shape[shape] = "dict[str, Any]"  # what an object that holds its like finds meanwhile
            self._by_shape[shape] = self._class(schema, properties, hint, depth)
        return self._by_shape[shape]

    def _class(self, schema: Schema, properties: Schema, hint: str, depth: int) -> str:
        required = self.required(schema)
        lines: list[str] = []
        for name, value in properties.items():
            type_ = self.name(value, hint + camel(name), depth + 1)
            lines.append(f"    {name}: {type_ if name in required else f'NotRequired[{type_}]'}\n")
        name = unique(hint, self.taken)
        self.taken.add(name)
        self.classes[name] = f"class {name}(TypedDict):\n{''.join(lines)}"
        return name

    def _resolved(self, schema: object) -> Schema | None:
        """`schema` with its `$ref` followed and an `allOf` of one taken for what it is; None for none, or a circle."""
        seen: set[str] = set()
        while isinstance(schema, Mapping):
            found = cast("Schema", schema)
            all_of = found.get("allOf")
            if isinstance(all_of, list) and len(cast("list[object]", all_of)) == 1:
                schema = cast("list[object]", all_of)[0]
                continue
            reference = found.get("$ref")
            if not isinstance(reference, str):
                return found
            if reference in seen:
                return None
            seen.add(reference)
            schema = _at(self.root, reference)
        return None


def _at(root: Schema, reference: str) -> object:
    """What a reference into the same document (`#/$defs/Item`) points at."""
    found: object = root if reference.startswith("#") else None
    for step in reference.removeprefix("#").strip("/").split("/"):
        if step:
            found = mapping_of(found).get(step.replace("~1", "/").replace("~0", "~"))
    return found


def mapping_of(value: object) -> Schema:
    """`value` where it is a JSON object, else an empty one."""
    return cast("Schema", value) if isinstance(value, Mapping) else {}


def _is_field(name: str) -> bool:
    """Whether a class may have a field of this name."""
    from keyword import iskeyword

    return name.isidentifier() and name.isascii() and not iskeyword(name) and not name.startswith("__")


def _union(types: Sequence[str]) -> str:
    distinct = dict.fromkeys(types)
    if "Any" in distinct or not distinct:
        return "Any"
    ordered = [one for one in distinct if one != "None"] + ["None"] * ("None" in distinct)
    return " | ".join(ordered)


def _literal(values: Sequence[object]) -> str:
    """`Literal["a", "b"]`, or the plain type where that would be long; beside it `None` where that is one of them."""
    plain = [value for value in values if value is not None]
    if not plain:
        return "None"
    short = len(plain) <= MAX_CHOICES and all(len(str(value)) <= MAX_CHOICE for value in plain)
    if short and all(isinstance(value, str | int) for value in plain):
        named = f"Literal[{', '.join(_quoted(value) for value in plain)}]"
    else:
        named = "str" if all(isinstance(value, str) for value in plain) else "Any"
    return _union([named, "None"] if len(plain) < len(values) else [named])


def _quoted(value: object) -> str:
    plain = isinstance(value, str) and value.isascii() and value.isprintable()
    return json.dumps(value) if plain else repr(value)
