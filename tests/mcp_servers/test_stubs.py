"""Tools as typed functions: names, types, how much is said of them."""

import ast
import subprocess
import sys
from pathlib import PurePosixPath

import pytest

from punie_acp.codemode.extra import ExtraFunctions
from punie_acp.mcp_servers.config import Tool
from punie_acp.mcp_servers.functions import STUB_CHARACTERS, arguments_of, extra_functions
from punie_acp.mcp_servers.stubs import signature


class Named:
    """As much of a server as a stub needs."""

    def __init__(self, label: str) -> None:
        self.label = label


def stubs(*tools, label="s"):
    functions = extra_functions([(Named(label), tool) for tool in tools])
    return ExtraFunctions.of(functions)  # checks names and syntax


def tool(properties, required=(), name="t", **more):
    return Tool(name, "", {"type": "object", "properties": properties, "required": list(required)}, **more)


TYPES = [
    ({"type": "string"}, "str"),
    ({"type": "array", "items": {"type": "integer"}}, "list[int]"),
    ({"type": ["string", "null"]}, "str | None"),
    ({"anyOf": [{"type": "null"}, {"type": "number"}]}, "float | None"),
    ({"enum": ["a", 'b"', None]}, 'Literal["a", "b\\""] | None'),
    ({"enum": [str(n) for n in range(100)]}, "str"),
    ({"const": 3}, "Literal[3]"),
    ({"type": "object"}, "dict[str, Any]"),
    ({"type": "object", "additionalProperties": {"type": "boolean"}}, "dict[str, bool]"),
    ({"type": "object", "properties": {"no name": {"type": "string"}}}, "dict[str, Any]"),
    ({"$ref": "#/$defs/Missing"}, "Any"),
    ({"$ref": "https://elsewhere.example/schema"}, "Any"),
    ({"not": {}}, "Any"),
    (True, "Any"),
]


@pytest.mark.parametrize(("schema", "type_"), TYPES)
def test_a_schema_becomes_a_type(schema, type_):
    assert signature(tool({"x": schema}, ["x"]), "s_t", set()).parameters[0].type == type_


def test_an_object_that_holds_its_like_ends_somewhere():
    node = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}}
    circle = {"$ref": "#/$defs/Circle"}
    schema = {
        "type": "object",
        "properties": {"tree": {"$ref": "#/$defs/Node"}, "circle": circle},
        "$defs": {"Node": node, "Circle": circle},
    }
    found = signature(Tool("t", "", schema), "s_t", set())
    assert [one.type for one in found.parameters] == ["STTree | None", "Any"]
    assert found.types == "class STTree(TypedDict):\n    children: NotRequired[list[dict[str, Any]]]\n"


def test_names_of_servers_and_tools_become_python_and_stay_apart():
    found = stubs(*(Tool(name) for name in ("get-x", "get_x", "class", "2nd", "…", "Ünï")), label="My Server!")
    assert list(found.by_name) == [
        "my_server_get_x",
        "my_server_get_x_2",
        "my_server_class",
        "my_server_n2nd",
        "my_server_unnamed",
        "my_server_n",
    ]


def test_parameters_that_are_no_names_are_sent_as_they_were_called():
    found = signature(tool({"from": {"type": "string"}, "max-size": {"type": "integer"}}, ["from"]), "s_t", set())
    assert [one.name for one in found.parameters] == ["from_", "max_size"]
    assert arguments_of(found, ("here",), {"max_size": 3}) == {"from": "here", "max-size": 3}


def test_arguments_are_json_and_what_was_not_given_is_left_to_the_server():
    schema = {"a": {"type": "string"}, "b": {"type": "array", "items": {}}, "c": {"type": ["string", "null"]}}
    found = signature(tool(schema, ["a"]), "s_t", set())
    given = arguments_of(found, (PurePosixPath("x/y"), ({1: 2.5},)), {"c": None})
    assert given == {"a": "x/y", "b": [{"1": 2.5}], "c": None}
    assert arguments_of(found, ("x", None), {}) == {"a": "x"}
    with pytest.raises(TypeError, match="a: a bytes cannot be sent"):
        arguments_of(found, (b"x",), {})
    with pytest.raises(TypeError, match="JSON has no nan"):
        arguments_of(found, (float("nan"),), {})


def test_a_strangers_words_cannot_leave_the_docstring():
    wild = 'Ends here.""" \nimport os\\'
    found = stubs(Tool("t", wild, {"type": "object", "properties": {"x": {"description": wild}}}))
    [function] = ast.parse(found.stubs).body
    assert isinstance(function, ast.FunctionDef)
    assert len(function.body) == 1


def test_with_many_tools_prose_is_left_out_and_types_stay():
    many = [
        Tool(f"tool_{n}", "What it does, at length. " * 20, tool({"path": {"type": "string"}}, ["path"]).input_schema)
        for n in range(100)
    ]
    assert "What it does" in stubs(*many[:10]).stubs
    text = stubs(*many).stubs
    assert "What it does" not in text
    assert "def s_tool_99(path: str) -> str: ..." in text
    assert len(text) <= STUB_CHARACTERS


def test_classes_of_different_tools_stay_apart():
    one, other = ({"type": "object", "properties": {key: {"type": "string"}}} for key in ("a", "b"))
    found = stubs(tool({"b_c": one}, name="x"), tool({"c": other}, name="x_b"))
    assert [line for line in found.stubs.splitlines() if line.startswith("class")] == [
        "class SXBC(TypedDict):",
        "class SXBC_2(TypedDict):",
    ]


def test_without_servers_nothing_slow_is_imported():
    slow = "('fastmcp', 'mcp', 'pydantic_ai')"
    code = f"import sys, punie_acp.mcp_servers.servers; print([name for name in {slow} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
