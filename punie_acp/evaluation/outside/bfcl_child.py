"""The package bfcl-eval's own code, in a process of its own: `bfcl_child.py list|judge|serve FOLDER [TASK [RECORD]]`.

FOLDER is the one that `bfcl_eval/` is in. `list` tells of the tasks that we take. `judge` reads the calls that were
made, a list for each turn, and says what the official check makes of them. `serve` is an MCP server with the functions
of one task; it writes each call, as it comes, into the file RECORD, a line of JSON each.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

from punie_acp.evaluation.outside.serving import Call, failed, gave, serve

PARALLEL = ("parallel", "parallel_multiple")
MULTI_TURN = "multi_turn_base"
FILE_SYSTEM = "GorillaFileSystem"
MODEL = "punie"
"""The model's name, by which the package's code looks up whether names of functions have dots: ours have none."""
Entry = dict[str, Any]


class Package:
    """What is in the package: questions, functions, ground truth, checks."""

    def __init__(self, folder: Path) -> None:
        sys.path.append(str(folder))
        self._data = folder / "bfcl_eval" / "data"

    def entries(self) -> dict[str, Entry]:
        """The tasks that we take, by id, with their functions and their ground truth."""
        return {entry["id"]: entry for name in (*PARALLEL, MULTI_TURN) for entry in self._entries(name)}

    def types(self) -> dict[str, str]:
        """JSON Schema's names of the package's types, as it has them for OpenAI's interface."""
        return importlib.import_module("bfcl_eval.constants.type_mappings").GORILLA_TO_OPENAPI

    def _entries(self, category: str) -> list[Entry]:
        truths = {one["id"]: one["ground_truth"] for one in self._lines(f"possible_answer/BFCL_v4_{category}.json")}
        entries = self._lines(f"BFCL_v4_{category}.json")
        if category == MULTI_TURN:
            functions = self._lines("multi_turn_func_doc/gorilla_file_system.json")
            entries = [entry for entry in entries if entry["involved_classes"] == [FILE_SYSTEM]]
            for entry in entries:
                left_out = entry.get("excluded_function", [])
                entry["function"] = [one for one in functions if one["name"] not in left_out]
        return [entry | {"category": category, "truth": truths[entry["id"]]} for entry in entries]

    def _lines(self, name: str) -> list[Entry]:
        return [json.loads(line) for line in (self._data / name).read_text("utf-8").splitlines() if line.strip()]


def described(entry: Entry) -> dict[str, Any]:
    """What the suite needs to know of a task."""
    return {
        "name": entry["id"],
        "category": entry["category"],
        "questions": ["\n".join(message["content"] for message in turn) for turn in entry["question"]],
        "functions": [mcp_name(one["name"]) for one in entry["function"]],
        "truth": json.dumps(entry["truth"]),
    }


def judged(entry: Entry, turns: list[list[Entry]]) -> dict[str, Any]:
    """What the official check makes of the calls, each `{"name", "arguments"}`."""
    if entry["category"] == MULTI_TURN:
        return _turns_judged(entry, turns)
    calls = [{call["name"]: call["arguments"]} for turn in turns for call in turn]
    if not calls:  # the official check is not asked about what is no call
        return {"valid": False, "error": "no call"}
    language = importlib.import_module("bfcl_eval.constants.enums").Language.PYTHON
    check = _ast_checker()
    found = check.ast_checker(entry["function"], calls, entry["truth"], language, entry["category"], MODEL)
    return {"valid": found["valid"], "error": _sentence(found.get("error"))}


def _turns_judged(entry: Entry, turns: list[list[Entry]]) -> dict[str, Any]:
    if len(turns) != len(entry["truth"]):
        return {"valid": False, "error": f"{len(turns)} of {len(entry['truth'])} turns were taken"}
    check = importlib.import_module("bfcl_eval.eval_checker.multi_turn_eval.multi_turn_checker")
    steps = [[[_written(call)] for call in turn] for turn in turns]
    found = check.multi_turn_checker(steps, entry["truth"], entry, entry["category"], MODEL)
    return {"valid": found["valid"], "error": _sentence(found.get("error_message"))}


def _ast_checker() -> Any:  # noqa: ANN401 - a module of the package
    """The module, without the package's clients of a dozen providers: of its table of models it asks one thing."""
    table = ModuleType("bfcl_eval.constants.model_config")
    table.__dict__["MODEL_CONFIG_MAPPING"] = {MODEL: SimpleNamespace(underscore_to_dot=True)}
    sys.modules[table.__name__] = table
    return importlib.import_module("bfcl_eval.eval_checker.ast_eval.ast_checker")


def _sentence(error: Any) -> str:  # noqa: ANN401
    parts = cast("list[Any]", error) if isinstance(error, list) else [error or ""]
    return " ".join(map(str, parts))


def _written(call: Entry) -> str:
    """A call as the official check evaluates it."""
    return f"{call['name']}({', '.join(f'{name}={value!r}' for name, value in call['arguments'].items())})"


def mcp_name(name: str) -> str:
    """A function's name without dots."""
    return name.replace(".", "_")


def as_mcp(function: Entry, types: dict[str, str]) -> dict[str, Any]:
    """What `tools/list` tells of a function."""
    told = {
        "name": mcp_name(function["name"]),
        "description": function["description"].rpartition("Tool description: ")[2],  # after what all have in common
        "inputSchema": _schema(function["parameters"], types),
    }
    if "response" not in function:
        return told
    response = _schema(function["response"], types)
    response["properties"] = response.get("properties", {}) | {"error": {"type": "string"}}
    return told | {"outputSchema": response}


def _schema(one: Entry, types: dict[str, str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": types.get(one.get("type", ""), "string")}
    schema |= {key: one[key] for key in ("description", "enum", "default", "required") if key in one}
    if "properties" in one:
        schema["properties"] = {name: _schema(value, types) for name, value in one["properties"].items()}
    if isinstance(one.get("items"), dict):
        schema["items"] = _schema(one["items"], types)
    return schema


def calls_of(entry: Entry, record: Path) -> dict[str, Call]:
    """The functions at work. Those of a parallel task do nothing: which calls are made is all that is asked."""
    names = [mcp_name(function["name"]) for function in entry["function"]]
    if entry["category"] != MULTI_TURN:
        return {name: _recorded(name, lambda _: gave("done"), record) for name in names}
    module = importlib.import_module("bfcl_eval.eval_checker.multi_turn_eval.func_source_code.gorilla_file_system")
    files = getattr(module, FILE_SYSTEM)()
    files._load_scenario(copy.deepcopy(entry["initial_config"].get(FILE_SYSTEM, {})), long_context=False)  # noqa: SLF001 - so does the package
    return {name: _recorded(name, _method(files, name), record) for name in names}


def _method(files: Any, name: str) -> Call:  # noqa: ANN401
    def call(arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            value: Any = getattr(files, name)(**arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's to read
            return failed(f"Error during execution: {error}")
        value = value or {}  # of what gives nothing
        return gave(json.dumps(value), value)

    return call


def _recorded(name: str, call: Call, record: Path) -> Call:
    def recorded(arguments: dict[str, Any]) -> dict[str, Any]:
        with record.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": name, "arguments": arguments}) + "\n")
        return call(arguments)

    return recorded


def main(action: str, folder: str, name: str = "", record: str = "") -> None:
    """Do what the command line says."""
    package = Package(Path(folder))
    entries = package.entries()
    if action == "serve":
        entry, types = entries[name], package.types()
        serve("bfcl", [as_mcp(one, types) for one in entry["function"]], calls_of(entry, Path(record)))
        return
    with contextlib.redirect_stdout(sys.stderr):
        found = (
            judged(entries[name], json.load(sys.stdin)) if action == "judge" else [*map(described, entries.values())]
        )
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
