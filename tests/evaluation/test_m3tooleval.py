"""M3ToolEval through the whole product, on a small checkout of the same layout; and all of a real one's tools."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from punie_acp.evaluation.outside.m3_child import MOST_ARGUMENTS, Tool
from punie_acp.evaluation.outside.m3tooleval import open_m3tooleval
from punie_acp.evaluation.results import read_results
from tests.evaluation.running import MODELS, evaluate

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.slow

BASE = """
from collections import namedtuple
from .repl import PythonREPL

ToolType = namedtuple("ToolType", ["name", "description", "function", "fn_signature"])
task_iterators = []

class Task:
    def __init__(self, name, tools, instruction, expected_output, is_single_tool_task=False):
        self.name, self.instruction, self.expected_output = name, instruction, expected_output
        self.tools = tools() if callable(tools) else tools
        self.is_single_tool_task = is_single_tool_task
        print("Task:", name)

    def parse_generation(self, text):
        if "Answer:" not in text:
            return {"type": "invalid", "content": "no answer"}
        return {"type": "answer", "content": text.split("Answer:")[1].strip(), "extra_info": None}

    def check_answer(self, answer):
        return answer == str(self.expected_output)
"""
REPL = "raise ImportError('this one wants IPython')\n"
TASKS = """
from ..base import Task, ToolType, task_iterators

class Book:
    def __init__(self):
        self.page = 0

    def turn(self):
        self.page += 1
        print("turned")
        return f"page {self.page}"

def least(*args):
    return min(args)

def as_number(text):
    return float(text) if text.isdigit() else f"no number: {text}"

def book_tools():
    return {"turn_page": ToolType("turn_page", "Turns the page.", Book().turn, "turn_page() -> str")}

NUMBERS = {
    "least": ToolType("least", "The least of its arguments.", least, "least(*args) -> int/float"),
    "as_number": ToolType("as_number", "A text as a number.", as_number, "as_number(text: str) -> float"),
}
TASKS = [
    Task("numbers/least", NUMBERS, "Which is the smallest of 31, 7 and 12?", 7),
    Task("book/second", book_tools, "What is on the second page?", "page 2"),
    Task("book/third", book_tools, "What is on the third page?", "page 3"),
]
task_iterators.append((TASKS, len(TASKS)))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A checkout with three tasks, whose modules print and whose REPL cannot be imported, as the real one's."""
    root = tmp_path_factory.mktemp("checkout")
    tasks = root / "scripts" / "eval" / "m3tooleval" / "tasks"
    (tasks / "impl").mkdir(parents=True)
    (tasks / "__init__.py").write_text("from .impl import small\n")
    (tasks / "base.py").write_text(BASE)
    (tasks / "repl.py").write_text(REPL)
    (tasks / "impl" / "__init__.py").write_text("")
    (tasks / "impl" / "small.py").write_text(TASKS)
    return root


def evaluate_m3(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = ["--suite", "m3tooleval", "--split", "test", "--model", f"{MODELS}:stubborn_model"]
    return evaluate(home, *options, *arguments, timeout=300)


def test_wrong_answers_are_told_and_tried_again_within_ten_requests(checkout, tmp_path):
    out = tmp_path / "out.jsonl"
    done = evaluate_m3(tmp_path, "--checkout", str(checkout), "--out", str(out))
    assert done.returncode == 0, done.stderr
    least, second, third = read_results(out).records
    assert (least.passed, least.prompts, least.turns, least.answer) == (True, 3, 4, "Answer: 7")
    assert least.checks[0]["reason"] == "answer 2", "what has no 'Answer:' counts as no answer"
    assert (second.passed, second.prompts, second.external_calls) == (True, 1, 2)
    assert second.checks[0]["reason"] == "answer 1"
    assert (third.passed, third.prompts, third.turns) == (False, 10, 10)
    assert third.checks[0]["reason"] == "not 'page 3'"
    assert third.cause == "no call"
    assert "| code | all | 2/3 |" in out.with_suffix(".md").read_text()
    assert "| code | 1/3 |" in out.with_suffix(".md").read_text()


def test_each_task_has_tools_of_its_own_and_the_checkout_stays_as_it_was(checkout):
    before = sorted(checkout.rglob("*"))
    suite = open_m3tooleval(checkout)
    assert [task.id for task in suite.tasks] == ["numbers/least", "book/second", "book/third"]
    assert "tools_least, tools_as_number" in suite.tasks[0].prompt
    assert sorted(checkout.rglob("*")) == before


@pytest.mark.parametrize(("given", "sentence"), [(None, "wants --checkout"), ("", "is no checkout of code-act")])
def test_without_a_checkout_the_suite_says_what_it_wants(tmp_path, given, sentence):
    options = [] if given is None else ["--checkout", str(tmp_path)]
    done = evaluate_m3(tmp_path, *options)
    assert done.returncode == 1
    assert sentence in done.stderr


class Official:
    """A tool as the checkout has them."""

    def __init__(self, function, signature: str) -> None:
        self.function, self.fn_signature = function, signature
        self.name = self.description = signature.split("(", maxsplit=1)[0]


def test_a_tool_for_any_number_of_arguments_gets_them_in_their_order():
    tool = Tool(Official(lambda first, *rest: [first, *rest], "joined(first: int, *rest: int) -> list"))
    schema = tool.as_mcp()["inputSchema"]
    assert (len(schema["properties"]), schema["required"]) == (1 + MOST_ARGUMENTS, ["first"])
    answer = tool.call({"rest_2": 3, "rest_1": 2, "first": 1})
    assert answer["structuredContent"] == {"result": [1, 2, 3]}


def test_a_tool_whose_signature_is_told_wrong_has_the_parameters_of_its_function():
    def trains(start: str, end: str, day: str) -> str:
        return f"{start} to {end}, {day}"

    tool = Tool(Official(trains, "trains(end: str, day: str) -> str"))
    assert tool.as_mcp()["inputSchema"]["required"] == ["start", "end", "day"]
    answer = tool.call({"start": "A", "end": "B", "day": "Monday"})
    assert answer["structuredContent"] == {"result": "A to B, Monday"}


def test_a_builtin_as_a_tool_has_the_parameters_that_are_told():
    tool = Tool(Official(max, "most(*args: float) -> float"))
    assert tool.call({"args_1": 2, "args_2": 5.5})["structuredContent"] == {"result": 5.5}


def test_what_a_tool_gives_instead_of_its_value_is_an_error_with_its_words():
    tool = Tool(Official(lambda text: f"no number: {text}", "as_number(text: str) -> float"))
    answer = tool.call({"text": "x"})
    assert (answer["isError"], answer["content"][0]["text"]) == (True, "no number: x")


@pytest.mark.skipif("PUNIE_TEST_CODEACT" not in os.environ, reason="PUNIE_TEST_CODEACT names no checkout of code-act")
def test_the_real_suite_has_its_82_tasks_and_judges_their_own_answers(tmp_path):
    suite = open_m3tooleval(Path(os.environ["PUNIE_TEST_CODEACT"]))
    assert len(suite.tasks) == len({task.id for task in suite.tasks}) == 82
    assert len({task.project for task in suite.tasks}) == 5
    for number, task in enumerate(suite.tasks[::8]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with suite.prepare(task, folder) as prepared:
            expected = str(task.checks[0].value).strip("'")
            assert prepared.follow_up("Answer: surely not this", 1) is not None
            assert prepared.follow_up(f"Answer: {expected}", 2) is None
            assert [check.passed for check in prepared.check(f"Answer: {expected}")] == [True]
