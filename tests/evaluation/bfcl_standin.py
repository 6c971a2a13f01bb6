"""A small package in bfcl-eval's layout: two tasks of parallel calls, one of two turns, and plain checks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PLAY = {
    "name": "music.play",
    "description": "Play an artist's songs.",
    "parameters": {
        "type": "dict",
        "properties": {
            "artist": {"type": "string", "description": "Whose songs."},
            "minutes": {"type": "float", "description": "For how long.", "default": 5.0},
            "genres": {"type": "tuple", "items": {"type": "any"}},
        },
        "required": ["artist"],
    },
}
RAIN = {
    "name": "rain",
    "description": "Whether it rains.",
    "parameters": {"type": "dict", "properties": {"city": {"type": "string", "enum": ["Bern", "Oslo"]}}},
}
COMMON = "This tool belongs to a file system. Tool description: "
TEXT = {"type": "string"}
FILE = {"type": "dict", "properties": {"name": TEXT}, "required": ["name"]}
PAIR = {"type": "dict", "properties": {"name": TEXT, "text": TEXT}, "required": ["name", "text"]}
READ = {"name": "cat", "description": f"{COMMON}Show a file.", "parameters": FILE}
READ["response"] = {"type": "dict", "properties": {"content": TEXT}}
WRITE = {"name": "echo", "description": f"{COMMON}Write a file.", "parameters": PAIR}
REMOVE = {"name": "rm", "description": f"{COMMON}Remove a file.", "parameters": FILE}


def task(name: str, *questions: str, **more: object) -> dict:
    return {"id": name, "question": [[{"role": "user", "content": question}] for question in questions], **more}


DATA = {
    "BFCL_v4_parallel.json": [
        task("parallel_0", "Play Nina Simone for 20 minutes and Björk for 2.5.", function=[PLAY]),
    ],
    "BFCL_v4_parallel_multiple.json": [
        task("parallel_multiple_0", "Play Nina Simone if it rains in Bern.", function=[PLAY, RAIN]),
    ],
    "BFCL_v4_multi_turn_base.json": [
        task(
            *("multi_turn_base_0", "What is in a.txt?", "Write that into b.txt."),
            initial_config={"GorillaFileSystem": {"files": {"a.txt": "hello"}}},
            involved_classes=["GorillaFileSystem"],
            excluded_function=["rm"],
        ),
        task("multi_turn_base_1", "Post it.", involved_classes=["GorillaFileSystem", "TwitterAPI"]),
    ],
    "possible_answer/BFCL_v4_parallel.json": [
        {
            "id": "parallel_0",
            "ground_truth": [
                {"music.play": {"artist": ["Nina Simone"], "minutes": [20.0]}},
                {"music.play": {"artist": ["Björk"], "minutes": [2.5]}},
            ],
        }
    ],
    "possible_answer/BFCL_v4_parallel_multiple.json": [
        {
            "id": "parallel_multiple_0",
            "ground_truth": [{"rain": {"city": ["Bern"]}}, {"music.play": {"artist": ["Nina Simone"]}}],
        }
    ],
    "possible_answer/BFCL_v4_multi_turn_base.json": [
        {"id": "multi_turn_base_0", "ground_truth": [["cat(name='a.txt')"], ["echo(name='b.txt',text='hello')"]]},
        {"id": "multi_turn_base_1", "ground_truth": [["post(text='it')"]]},
    ],
    "multi_turn_func_doc/gorilla_file_system.json": [READ, WRITE, REMOVE],
}
CODE = {
    "constants/enums.py": "from enum import Enum\n\nclass Language(Enum):\n    PYTHON = 'python'\n",
    "constants/type_mappings.py": (
        "GORILLA_TO_OPENAPI = {'dict': 'object', 'float': 'number', 'tuple': 'array'} | "
        "dict.fromkeys(('string', 'any'), 'string')\n"
    ),
    "constants/model_config.py": "raise ImportError('this one wants the clients of a dozen providers')\n",
    "eval_checker/ast_eval/ast_checker.py": """
from bfcl_eval.constants.enums import Language
from bfcl_eval.constants.model_config import MODEL_CONFIG_MAPPING

def ast_checker(functions, calls, truth, language, category, model):
    assert language is Language.PYTHON and category.startswith("parallel")
    assert {name for one in truth for name in one} <= {one["name"] for one in functions}
    assert MODEL_CONFIG_MAPPING[model].underscore_to_dot
    wanted = [(name.replace(".", "_"), arguments) for one in truth for name, arguments in one.items()]
    if len(calls) != len(wanted):
        return {"valid": False, "error": ["Wrong number of functions.", {"of": len(wanted)}]}
    for name, arguments in wanted:
        if not any(name in c and all(c[name].get(k) in v for k, v in arguments.items()) for c in calls):
            return {"valid": False, "error": [f"No call of {name}."]}
    return {"valid": True, "error": []}
""",
    "eval_checker/multi_turn_eval/multi_turn_checker.py": """
from bfcl_eval.eval_checker.multi_turn_eval.func_source_code.gorilla_file_system import GorillaFileSystem

def run(turns, entry):
    files = GorillaFileSystem()
    files._load_scenario({"files": dict(entry["initial_config"]["GorillaFileSystem"]["files"])}, long_context=False)
    for call in turns:
        eval(call, {name: getattr(files, name) for name in ("cat", "echo")})
    return files.files

def multi_turn_checker(steps, truth, entry, category, model):
    done = [call for turn in steps for step in turn for call in step]
    if run(done, entry) == run([call for turn in truth for call in turn], entry):
        return {"valid": True}
    return {"valid": False, "error_message": "The files are not the same."}
""",
    "eval_checker/multi_turn_eval/func_source_code/gorilla_file_system.py": """
class GorillaFileSystem:
    def _load_scenario(self, scenario, long_context):
        self.files = scenario["files"]

    def cat(self, name):
        print("reading", name)
        return {"content": self.files[name]} if name in self.files else {"error": f"there is no {name}"}

    def echo(self, name, text):
        self.files[name] = text
""",
}


def make_package(folder: Path) -> Path:
    """The package, in `folder`."""
    package = folder / "bfcl_eval"
    for name, lines in DATA.items():
        file = package / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name, text in CODE.items():
        file = package / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder
