"""Time that reading ahead saves: the same turns with and without it, side by side in one run. `make bench-early`.

    python benchmarks/early.py [--rounds 3] [--latency 30] [--rate 10] [--files 3000] [--json]

A scripted model writes a program at the rate of a local one, through `punie-acp --stdio`. The program reads six files,
which an editor gives after a while each, or the disk at once; or it searches a larger project and reads two. What is
measured is the turn without the model's own time, which is what is left to be saved: median of the rounds, with the
two settings in turn. "of turn" is what was saved of all of it; "cpu" are ms on processors, workers included.
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
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Scenario:
    """What is run: a program, and whether an editor gives the files."""

    name: str
    program: str
    editor: bool


SCENARIOS = (
    Scenario("six files from an editor", READING, editor=True),
    Scenario("six files on the disk", READING, editor=False),
    Scenario("a search, and two files", SEARCHING, editor=False),
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
    """An agent with one setting, and a session for one scenario."""

    def __init__(self, folder: Path, scenario: Scenario, *, ahead: bool, options: argparse.Namespace) -> None:
        script = [{"code": scenario.program}, {"text": ANSWER}] * (options.rounds + 1)
        (folder / "script.json").write_text(json.dumps([{**one, "delay": 1 / options.rate} for one in script]))
        more = {
            "PUNIE_MODEL": "import:tests.scripted:model",
            "PUNIE_TEST_SCRIPT": str(folder / "script.json"),
            "PUNIE_READ_AHEAD": str(ahead),
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
        assert usage["externalCalls"] >= 3, usage
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


def measure(scenario: Scenario, options: argparse.Namespace) -> dict[bool, list[Turn]]:
    """The turns of a scenario, with and without reading ahead, in turn; the first of each does not count."""
    turns: dict[bool, list[Turn]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        sides: dict[bool, Side] = {}
        try:
            for ahead, name in ((False, one), (True, other)):
                folder = Path(name).resolve()
                make_project(folder / "project", options.files if scenario.program is SEARCHING else 0)
                sides[ahead] = Side(folder, scenario, ahead=ahead, options=options)
            for _ in range(options.rounds + 1):
                for ahead, side in sides.items():
                    turns[ahead].append(side.turn())
        finally:
            for side in sides.values():
                side.close()
    return {ahead: found[1:] for ahead, found in turns.items()}


def median(turns: list[Turn], name: str) -> float:
    """Of one figure."""
    return statistics.median(getattr(turn, name) for turn in turns)


def figures(turns: dict[bool, list[Turn]]) -> dict[str, float]:
    """The figures of a scenario; times in seconds."""
    off, on = (median(turns[ahead], "beside_model") for ahead in (False, True))
    rates = [median(turns[ahead], "tokens") / median(turns[ahead], "decoding") for ahead in (False, True)]
    return {
        "off": off,
        "on": on,
        "saved": off - on,
        "share_of_wait": (off - on) / off,
        "share_of_turn": (off - on) / median(turns[False], "whole"),
        "rate_off": rates[0],
        "rate_on": rates[1],
        "cpu_off": median(turns[False], "cpu"),
        "cpu_on": median(turns[True], "cpu"),
    }


def main() -> None:
    """Measure, then print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="turns with each setting (default: 3)")
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
    print(f"\n{'beside the model, ms':<28}{'off':>7}{'on':>7}{'saved':>7}{'of it':>7}{'of turn':>9}", end="")
    print(f"{'tok/s off':>11}{'on':>6}{'cpu off':>9}{'on':>6}")
    for name, one in found.items():
        print(f"{name:<28}{one['off'] * 1e3:>7.0f}{one['on'] * 1e3:>7.0f}{one['saved'] * 1e3:>7.0f}", end="")
        print(f"{one['share_of_wait']:>7.0%}{one['share_of_turn']:>9.1%}", end="")
        print(f"{one['rate_off']:>11.2f}{one['rate_on']:>6.2f}{one['cpu_off'] * 1e3:>9.0f}{one['cpu_on'] * 1e3:>6.0f}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
