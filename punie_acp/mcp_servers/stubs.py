"""A server's tool as a typed Python function: its stub, and the parameters behind it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from punie_acp.mcp_servers.names import camel, unique_names
from punie_acp.mcp_servers.schema import Types, mapping_of

if TYPE_CHECKING:
    from punie_acp.mcp_servers.config import Tool

Detail = Literal["full", "short", "bare"]
DETAILS: tuple[Detail, ...] = ("full", "short", "bare")
"""How much of a server's prose a stub repeats. Its types are always whole."""
_DESCRIPTION = {"full": 200, "short": 70, "bare": 0}
_PARAMETER_DESCRIPTION = 60  # characters


@dataclass(frozen=True)
class Parameter:
    """One parameter of the function, and the key of the tool's arguments that it stands for."""

    name: str
    key: str
    type: str
    required: bool
    takes_null: bool
    default: str = "None"  # as Python
    description: str = ""

    @property
    def source(self) -> str:
        """As it stands in a `def`."""
        return f"{self.name}: {self.type}" if self.required else f"{self.name}: {self.type} = {self.default}"


@dataclass(frozen=True)
class Signature:
    """What a tool's function takes and gives."""

    parameters: tuple[Parameter, ...]
    takes_more: bool  # further arguments by name
    returns: str
    wraps_result: bool  # its structured result is one value under the key "result", as servers wrap what is no object
    types: str  # the classes that these name

    def stub(self, name: str, description: str, detail: Detail) -> str:
        """The `def`, with as much of the tool's own words as `detail` says."""
        parameters = [one.source for one in self.parameters] + ["**more: Any"] * self.takes_more
        head = f"def {name}({', '.join(parameters)}) -> {self.returns}:"
        lines = self._documentation(description, detail)
        if not lines:
            return f"{head} ...\n"
        return "\n    ".join([head, f'"""{lines[0]}', *lines[1:]]) + '"""\n'

    def _documentation(self, description: str, detail: Detail) -> list[str]:
        text = _prose(description, _DESCRIPTION[detail])
        lines = [text] if text else []
        if detail == "full":
            described = [(one.name, _prose(one.description, _PARAMETER_DESCRIPTION)) for one in self.parameters]
            lines += [f"{name}: {words}" for name, words in described if words]
        return lines


def signature(tool: Tool, name: str, taken: set[str]) -> Signature:
    """What the function `name` of a tool takes and gives, by the tool's schemas. `taken` are names of other classes."""
    inputs = Types(tool.input_schema, taken)
    properties = inputs.properties(tool.input_schema)
    required = inputs.required(tool.input_schema)
    order = sorted(properties, key=lambda name: name not in required)  # stable: else in the schema's order
    names = unique_names(order)
    parameters = tuple(
        _parameter(inputs, python, key, properties[key], required=key in required, function=name)
        for python, key in zip(names, order, strict=True)
    )
    more = tool.input_schema.get("additionalProperties")
    returns, wraps, output_types = _returns(tool, name, taken)
    return Signature(
        parameters,
        takes_more=bool(more) and "more" not in names,
        returns=returns,
        wraps_result=wraps,
        types=inputs.source + output_types,
    )


def _parameter(types: Types, name: str, key: str, schema: object, *, required: bool, function: str) -> Parameter:
    named = types.name(schema, camel(function) + camel(key))
    details = mapping_of(schema)
    takes_null = named in {"Any", "None"} or named.endswith("| None")
    default = _default(details.get("default"))
    if not required and default == "None" and not takes_null:
        named = f"{named} | None"
    return Parameter(name, key, named, required, takes_null, default, str(details.get("description") or ""))


def _default(value: object) -> str:
    """A plain default as Python. Others are only known to the server, which puts them in by itself."""
    if isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 40):
        return json.dumps(value) if isinstance(value, str) and value.isascii() else repr(value)
    return "None"


def _returns(tool: Tool, name: str, taken: set[str]) -> tuple[str, bool, str]:
    """The type of the result, whether it comes wrapped, and the classes that the type names."""
    if tool.output_schema is None:
        return "str", False, ""
    types = Types(tool.output_schema, taken)
    properties = types.properties(tool.output_schema)
    wraps = list(properties) == ["result"]
    named = types.name(properties["result"] if wraps else tool.output_schema, f"{camel(name)}Result")
    return named, wraps, types.source


def _prose(text: str, length: int) -> str:
    """The beginning of a stranger's `text` on one line, safe between triple quotes."""
    text = re.sub(r"\s+", " ", "".join(char if char.isprintable() else " " for char in text)).strip()
    text = text.replace("\\", "/").replace('"', "'")
    if len(text) <= length:
        return text
    cut = text[: max(length - 1, 0)]
    sentence = re.match(r".{20,}[.!?](?=\s)", cut)
    return sentence[0] if sentence else f"{cut.rstrip()}…" if cut else ""
