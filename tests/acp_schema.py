"""ACP's own JSON schema: what it allows on the wire, and the names of all that it has.

The schema is the specification's (tests/data/README.md). Of what is unstable we speak `session/fork`, which the stable
schema does not have. Its request has the fields of `session/resume` and its result those of `session/new`, so these are
what it is checked against where a schema has nothing better.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATA = Path(__file__).parent / "data"
_UNSTABLE = {("agent", "session/fork"): {"params": "ResumeSessionRequest", "result": "NewSessionResponse"}}


def _one_of(validator: Any, variants: list[Any], instance: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """`oneOf`, but where the schema names a discriminator, by the one variant of its value: fast, and to the point."""
    name = schema.get("discriminator", {}).get("propertyName")
    named = {variant.get("properties", {}).get(name, {}).get("const"): variant for variant in variants}
    if not isinstance(instance, dict) or name is None or None in named:
        yield from Draft202012Validator.VALIDATORS["oneOf"](validator, variants, instance, schema)
    elif isinstance(value := instance.get(name), str) and value in named:
        yield from validator.descend(instance, named[value])
    else:
        yield ValidationError(f"{name} is {value!r}, which is none of {', '.join(named)}")


_Validator = extend(Draft202012Validator, {"oneOf": _one_of})


@dataclass
class Schema:
    """A schema file of ACP v1. `methods` has the names of definitions by who handles a method and the method."""

    definitions: dict[str, Any]
    methods: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    _validators: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, definition in self.definitions.items():
            if "x-method" in definition:
                part = "result" if name.endswith("Response") else "params"
                self.methods.setdefault((definition["x-side"], definition["x-method"]), {})[part] = name
        for method, names in _UNSTABLE.items():
            self.methods.setdefault(method, names)

    def errors(self, name: str, value: object) -> list[str]:
        """What the definition `name` has against `value`."""
        if name not in self._validators:
            root = {"$ref": f"#/$defs/{name}", "$defs": self.definitions}
            self._validators[name] = _Validator(root)
        found = self._validators[name].iter_errors(value)
        return [f"{name}{error.json_path[1:]}: {error.message[:200]}" for error in found]


@cache
def read_schema(file: Path) -> Schema:
    """The schema in `file`."""
    return Schema(json.loads(file.read_text(encoding="utf-8"))["$defs"])


def stable_schema() -> Schema:
    """The stable messages of ACP v1."""
    return read_schema(_DATA / "acp-schema-v1.json")


def schema_errors(name: str, value: object) -> list[str]:
    """What the definition `name` of the stable schema has against `value`."""
    return stable_schema().errors(name, value)


# The names that a test may claim to prove (see tests/proofs.py).

UNSTABLE_NAMES = ("session/fork", "capability:sessionCapabilities.fork")


@cache
def _meta() -> dict[str, dict[str, str]]:
    return json.loads((_DATA / "acp-meta-v1.json").read_text(encoding="utf-8"))


def agent_methods() -> list[str]:
    """What a client may send: `session/new`, …, and `$/cancel_request`, which both may."""
    return [*_meta()["agentMethods"].values(), *_meta()["protocolMethods"].values()]


def client_methods() -> list[str]:
    """What an agent may send, as `client:fs/read_text_file`."""
    return [f"client:{method}" for method in _meta()["clientMethods"].values()]


def updates() -> list[str]:
    """The kinds of `session/update`, as `update:plan`."""
    variants = stable_schema().definitions["SessionUpdate"]["oneOf"]
    return [f"update:{variant['properties']['sessionUpdate']['const']}" for variant in variants]


def capabilities(side: str) -> list[str]:
    """What `side` ("Agent" or "Client") may offer, as `capability:promptCapabilities.image`: the leaves only."""
    return [f"capability:{path}" for path in _leaves(f"{side}Capabilities", "")]


def _leaves(name: str, path: str) -> Iterator[str]:
    for key, value in stable_schema().definitions[name].get("properties", {}).items():
        if key == "_meta":
            continue
        inner = [
            option["$ref"].rsplit("/", 1)[-1]
            for part in ("allOf", "anyOf")
            for option in value.get(part, [])
            if "$ref" in option
        ]
        below = [leaf for ref in inner for leaf in _leaves(ref, f"{path}{key}.")]
        yield from below or [path + key]


def stable_names() -> list[str]:
    """All names of the stable protocol, once each, in the specification's order."""
    return [*agent_methods(), *updates(), *client_methods(), *capabilities("Agent"), *capabilities("Client")]
