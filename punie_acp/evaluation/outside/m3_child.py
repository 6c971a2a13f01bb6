"""M3ToolEval's own code, in a process of its own: `m3_child.py list|judge|serve CHECKOUT [TASK]`.

`list` tells of all tasks. `judge` reads an answer and says what the official check makes of it. `serve` is an MCP
server with the tools of one task. The checkout prints as it is imported and as its tools are called; that goes to
standard error.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from punie_acp.evaluation.outside.serving import failed, gave, serve

FOLDER = Path("scripts/eval/m3tooleval")
MOST_ARGUMENTS = 16
"""Of a tool that takes any number: MCP names each argument, so these are as many optional ones."""
_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "dict": "object", "list": "array"}
_FITS: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": (list, tuple),
}


def official_tasks(checkout: Path) -> dict[str, Any]:
    """The checkout's `Task`s by name. Its REPL, which wants IPython, is replaced: the product runs the programs."""
    sys.path.insert(0, str(checkout / FOLDER))
    repl = ModuleType("tasks.repl")
    repl.__dict__["PythonREPL"] = None
    sys.modules["tasks.repl"] = repl
    importlib.import_module("tasks")
    registered = sys.modules["tasks.base"].task_iterators
    return {task.name: task for tasks, _ in registered for task in tasks}


def described(task: Any) -> dict[str, Any]:  # noqa: ANN401 - a class of the checkout
    """What the suite needs to know of a task. Raises `ValueError` for a task that is judged by a call's result."""
    if task.is_single_tool_task:
        raise ValueError(f"{task.name} is judged by the result of one call, which is not supported")
    return {
        "name": task.name,
        "instruction": task.instruction,
        "tools": list(task.tools),
        "expected": repr(task.expected_output),
    }


def judged(task: Any, said: str) -> dict[str, Any]:  # noqa: ANN401
    """What the official loop makes of what the model said."""
    parsed = task.parse_generation(said)
    if parsed["type"] != "answer":
        return {"answered": False, "right": False, "reminder": ""}
    right = bool(task.check_answer(parsed["content"]))
    return {"answered": True, "right": right, "reminder": parsed.get("extra_info") or ""}


class Tool:
    """A tool of a task, as MCP has tools: with parameters by name."""

    def __init__(self, official: Any) -> None:  # noqa: ANN401
        self.official = official
        told = _signature(official.fn_signature)
        self._returns = _schema(told.returns)
        self._needed, self._more = _parameters(official.function, told)
        self._types = {argument.arg: _schema(argument.annotation) for argument in told.args.args}

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """The schema of each, in order."""
        more = [f"{self._more}_{number}" for number in range(1, MOST_ARGUMENTS + 1)] if self._more else []
        return {name: self._types.get(name, {}) for name in (*self._needed, *more)}

    def as_mcp(self) -> dict[str, Any]:
        """What `tools/list` tells."""
        return {
            "name": self.official.name,
            "description": self.official.description,
            "inputSchema": {"type": "object", "properties": self.parameters, "required": self._needed},
            "outputSchema": {"type": "object", "properties": {"result": self._returns}, "required": ["result"]},
        }

    def call(self, given: dict[str, Any]) -> dict[str, Any]:
        """What `tools/call` answers: the value, or why there is none."""
        try:
            value = self.official.function(*(given[name] for name in self.parameters if name in given))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's to read
            return failed(f"{type(error).__name__}: {error}")
        if not isinstance(value, _FITS.get(self._returns.get("type", ""), object)):
            return failed(str(value))  # a calculator that says why it has no number
        return gave(str(value), {"result": value})


def _signature(text: str) -> ast.FunctionDef:
    signature = ast.parse(f"def {text}: ...").body[0]
    assert isinstance(signature, ast.FunctionDef)
    return signature


def _parameters(function: Any, told: ast.FunctionDef) -> tuple[list[str], str]:  # noqa: ANN401
    """The names of a function's parameters, and that of its further arguments: its own, for what is told may be wrong.

    Of a builtin that does not know them, what is told.
    """
    try:
        own = inspect.signature(function).parameters.values()
    except ValueError:
        return [argument.arg for argument in told.args.args], told.args.vararg.arg if told.args.vararg else ""
    more = [one.name for one in own if one.kind is one.VAR_POSITIONAL]
    return [one.name for one in own if one.kind is not one.VAR_POSITIONAL], more[0] if more else ""


def _schema(annotation: ast.expr | None) -> dict[str, Any]:
    """Of a plain type; of a list or dict only that it is one; anything else may be anything."""
    plain = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    name = _TYPES.get(plain.id.lower()) if isinstance(plain, ast.Name) else None
    return {"type": name} if name else {}


def main(action: str, checkout: str, name: str = "") -> None:
    """Do what the command line says."""
    with contextlib.redirect_stdout(sys.stderr):
        tasks = official_tasks(Path(checkout))
    if action == "serve":
        tools = {name: Tool(tool) for name, tool in tasks[name].tools.items()}
        serve("m3tooleval", [tool.as_mcp() for tool in tools.values()], {name: tools[name].call for name in tools})
        return
    with contextlib.redirect_stdout(sys.stderr):
        found = judged(tasks[name], sys.stdin.read()) if action == "judge" else [*map(described, tasks.values())]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
