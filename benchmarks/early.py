"""Time that reading ahead and prefetching save: the same turns without both, with the second, with both, in one run.

    python benchmarks/early.py [--rounds 2] [--latency 30] [--rate 10] [--files 3000] [--json]

A scripted model writes a program at the rate of a local one, through `punie-acp --stdio`. The program reads six files,
which an editor gives after a while each, or the disk at once, in a loop before its last statement or in the last; or it
searches a larger project and reads two; or nothing of it can be read ahead, because it writes a text, or changes
something first. What is measured is the turn without the model's own time, which is what is
left to be saved: median of the rounds, with the settings in turn. "of turn" is what was saved of all of it; "cpu" are
ms on processors, workers included. `make bench-early`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from calls import start_agent, stop_agent

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

ANSWER = "Six modules, and their lines are counted above."
READING = """\
# Count the lines of the modules
total = 0
for name in ["one", "two", "three", "four", "five", "six"]:
    text = read_file(f"module_{name}.py")
    total += len(text.splitlines())
print("modules have", total, "lines")
"""
SEARCHING = """\
# Find out who calls the old function
matches = search(r"\\bold_function\\(")
names = sorted({match.path for match in matches})
first = read_file(names[0])
last = read_file(names[-1])
print(len(matches), "calls in", len(names), "files")
print(first.splitlines()[0], last.splitlines()[0])
"""


LOOPING = """\
# Count the lines of each module
for name in list_files("module_*.py"):
    print(name, "has", len(read_file(name).splitlines()), "lines")
"""
WRITING = """\
# Write a report
TEXT = '''\
# Report
{lines}
'''
write_file("report.md", TEXT)
print(len(read_file("report.md")), "characters")
""".format(lines="\n".join(f"The module {number} has two hundred lines of code." for number in range(12)))
CHANGING = """\
# Make a list
write_file("list.txt", "one, two, three, four")
words = read_file("list.txt").split(", ")
print(len(words), "words, of which the longest has")
print(max(len(word) for word in words), "letters")
"""
VARIANTS = {
    "off": {"PUNIE_READ_AHEAD": "false", "PUNIE_PREFETCH": "false"},
    "prefetch": {"PUNIE_READ_AHEAD": "false", "PUNIE_PREFETCH": "true"},
    "both": {"PUNIE_READ_AHEAD": "true", "PUNIE_PREFETCH": "true"},
}


@dataclass(frozen=True)
class Scenario:
    """What is run: a program, and whether an editor gives the files."""

    name: str
    program: str
    editor: bool


SCENARIOS = (
    Scenario("six files from an editor", READING, editor=True),
    Scenario("the same, at the end", LOOPING, editor=True),
    Scenario("six files on the disk", READING, editor=False),
    Scenario("a search, and two files", SEARCHING, editor=False),
    Scenario("a text, and a file", WRITING, editor=False),
    Scenario("a change, then its file", CHANGING, editor=False),
)


@dataclass
class Editor:
    """A client: asks the agent, and gives it files, each after `latency` seconds."""

    agent: subprocess.Popen[bytes]
    latency: float
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0

    def send(self, message: dict[str, Any]) -> None:
        """Write one message."""
        assert self.agent.stdin is not None
        with self._writing:
            self.agent.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            self.agent.stdin.flush()

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """The result of a request; meanwhile the agent's are answered."""
        self._number += 1
        self.send({"id": self._number, "method": method, "params": params})
        for message in self._messages():
            if message.get("method") == "fs/read_text_file":
                threading.Timer(self.latency, partial(self._give, message)).start()
            elif message.get("id") == self._number and "method" not in message:
                assert "result" in message, message
                return message["result"]
        raise RuntimeError("the agent ended before it answered")

    def _messages(self) -> Iterator[dict[str, Any]]:
        assert self.agent.stdout is not None
        return (json.loads(line) for line in self.agent.stdout)

    def _give(self, request: dict[str, Any]) -> None:
        text = Path(request["params"]["path"]).read_text()
        self.send({"id": request["id"], "result": {"content": text}})


@dataclass(frozen=True)
class Turn:
    """What one turn took, in seconds."""

    whole: float
    beside_model: float
    decoding: float
    tokens: int
    cpu: float


class Side:
    """An agent with its settings, and a session for one scenario."""

    def __init__(self, folder: Path, scenario: Scenario, variant: str, options: argparse.Namespace) -> None:
        script = [{"code": scenario.program}, {"text": ANSWER}] * (options.rounds + 1)
        (folder / "script.json").write_text(json.dumps([{**one, "delay": 1 / options.rate} for one in script]))
        more = {
            "PUNIE_MODEL": "import:tests.scripted:model",
            "PUNIE_MODE": "auto",
            "PUNIE_TEST_SCRIPT": str(folder / "script.json"),
            **VARIANTS[variant],
        }
        self._agent = start_agent(folder, 1000, more)
        self._editor = Editor(self._agent, options.latency / 1000 if scenario.editor else 0)
        files = {"readTextFile": scenario.editor, "writeTextFile": False}
        self._editor.ask("initialize", protocolVersion=1, clientCapabilities={"fs": files})
        project = str(folder / "project")
        self._session = self._editor.ask("session/new", cwd=project, mcpServers=[])["sessionId"]

    def turn(self) -> Turn:
        """Run one."""
        prompt = [{"type": "text", "text": "How many lines?"}]
        cpu, began = self._cpu(), time.perf_counter()
        answer = self._editor.ask("session/prompt", sessionId=self._session, prompt=prompt)
        whole = time.perf_counter() - began
        usage = answer["_meta"]["punie.dev/usage"]
        assert usage["externalCalls"] >= 2, usage
        decoding = usage["decodeSeconds"] + usage["prefillSeconds"]
        return Turn(whole, usage["seconds"] - decoding, decoding, usage["outputTokens"], self._cpu() - cpu)

    def _cpu(self) -> float:
        """Seconds on processors of the agent and its workers so far."""
        agent = psutil.Process(self._agent.pid)
        times = [process.cpu_times() for process in (agent, *agent.children(recursive=True))]
        return sum(one.user + one.system for one in times)

    def close(self) -> None:
        """End the agent."""
        stop_agent(self._agent)


def make_project(root: Path, files: int) -> None:
    """Six modules, and a package of `files` more."""
    root.mkdir()
    for name in ("one", "two", "three", "four", "five", "six"):
        (root / f"module_{name}.py").write_text("x = 1\n" * 200)
    body = "def function(value):\n    return value + 1  # as before\n" * 40
    for number in range(files):
        folder = root / "package" / f"part_{number // 50}"
        folder.mkdir(parents=True, exist_ok=True)
        called = "old_function(3)\n" if number % 100 == 7 else ""
        (folder / f"file_{number}.py").write_text(body + called)


def measure(scenario: Scenario, options: argparse.Namespace) -> dict[str, list[Turn]]:
    """The turns of a scenario by variant, taken in turn; the first of each does not count."""
    turns: dict[str, list[Turn]] = {variant: [] for variant in VARIANTS}
    sides: dict[str, Side] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for variant in VARIANTS:
                (home := Path(folder).resolve() / variant).mkdir()
                make_project(home / "project", options.files if scenario.program is SEARCHING else 0)
                sides[variant] = Side(home, scenario, variant, options)
            for _ in range(options.rounds + 1):
                for variant, side in sides.items():
                    turns[variant].append(side.turn())
        finally:
            for side in sides.values():
                side.close()
    return {variant: found[1:] for variant, found in turns.items()}


def medians(turns: list[Turn]) -> dict[str, float]:
    """Each figure of some turns."""
    return {one.name: statistics.median(getattr(turn, one.name) for turn in turns) for one in fields(Turn)}


def figures(turns: dict[str, list[Turn]]) -> dict[str, float]:
    """The figures of a scenario; times in seconds."""
    middle = {variant: medians(found) for variant, found in turns.items()}
    off, both = middle["off"], middle["both"]
    saved = off["beside_model"] - both["beside_model"]
    return {
        **{name: one["beside_model"] for name, one in middle.items()},
        "saved": saved,
        "share_of_wait": saved / off["beside_model"],
        "share_of_turn": saved / off["whole"],
        "rate_off": off["tokens"] / off["decoding"],
        "rate_both": both["tokens"] / both["decoding"],
        "cpu_off": off["cpu"],
        "cpu_both": both["cpu"],
    }


def main() -> None:
    """Measure, then print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2, help="turns with each setting (default: 2)")
    parser.add_argument("--latency", type=float, default=30, help="of the editor, in milliseconds (default: 30)")
    parser.add_argument("--rate", type=float, default=10, help="tokens a second of the model (default: 10)")
    parser.add_argument("--files", type=int, default=3000, help="of the project that is searched (default: 3000)")
    parser.add_argument("--json", action="store_true", help="figures as JSON, in seconds")
    options = parser.parse_args()
    found = {scenario.name: figures(measure(scenario, options)) for scenario in SCENARIOS}
    if options.json:
        print(json.dumps(found))
        return
    print(f"\n{os.cpu_count()} processors; {options.rate:g} tokens a second; an editor takes {options.latency:g} ms")
    print(f"\n{'beside the model, ms':<26}{'off':>6}{'prefetch':>10}{'both':>6}{'saved':>7}{'of it':>7}", end="")
    print(f"{'of turn':>9}{'tok/s off':>11}{'both':>7}{'cpu off':>9}{'both':>6}")
    for name, one in found.items():
        ms = {key: value * 1e3 for key, value in one.items()}
        print(f"{name:<26}{ms['off']:>6.0f}{ms['prefetch']:>10.0f}{ms['both']:>6.0f}{ms['saved']:>7.0f}", end="")
        print(f"{one['share_of_wait']:>7.0%}{one['share_of_turn']:>9.1%}{one['rate_off']:>11.2f}", end="")
        print(f"{one['rate_both']:>7.2f}{ms['cpu_off']:>9.0f}{ms['cpu_both']:>6.0f}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
