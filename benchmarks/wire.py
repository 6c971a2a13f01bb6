"""How fast what happens in a turn reaches a client over stdio, and whether memory stays flat meanwhile.

    python benchmarks/wire.py [--updates 20000] [--rounds 3] [--no-node]

Updates: a turn of so many text updates, beside an agent of the Python SDK and one of the TypeScript SDK that send as
many and do nothing else. Our agent runs a whole turn for it: the model (a scripted one), pydantic-ai's loop, the store,
which has each update before the client; so our peer without all that stands beside it. All in one run, in turns.

Latency: a command prints 1 MB in pieces of 4 KB, each with the time at which it is written; the client notes when it
has each, once with terminals in its `_meta` (as Zed) and once without: there an update shows the end of the output so
far, a few times a second, so that some pieces are never shown while the command runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
AGENTS = Path(__file__).parent / "echo_agents"
UNLIMITED = ("MAX_REQUEST_TOKENS", "MAX_TURN_TOKENS", "CONTEXT_TOKENS", "MAX_TURN_SECONDS", "PROGRAM_SECONDS")
PIECES, PIECE_BYTES, SECONDS_BETWEEN = 256, 4096, 0.004
STAMP = re.compile(rb"<(\d+):([\d.]+)>")
PRINTER = f"""
import sys, time
for number in range({PIECES}):
    stamp = f"<{{number}}:{{time.monotonic():.6f}}>"
    sys.stdout.write(stamp + "x" * ({PIECE_BYTES} - 1 - len(stamp)) + "\\n")
    sys.stdout.flush()
    time.sleep({SECONDS_BETWEEN})
"""


class Agent:
    """A running agent, spoken to line by line."""

    def __init__(self, command: Sequence[str | Path], settings: dict[str, str] | None = None) -> None:
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | (settings or {})
        self._popen = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
        )
        self._process = psutil.Process(self._popen.pid)

    def ask(self, method: str, params: dict[str, Any], arrivals: list[tuple[float, bytes]] | None = None) -> Any:  # noqa: ANN401 - JSON
        """The result of a request; `arrivals` gets each line that comes before it, and when it came."""
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        request = {"jsonrpc": "2.0", "id": method, "method": method, "params": params}
        self._popen.stdin.write(json.dumps(request).encode() + b"\n")
        self._popen.stdin.flush()
        for line in self._popen.stdout:
            if arrivals is not None:
                arrivals.append((time.monotonic(), line))
            if b'"result"' in line or b'"error"' in line:
                answer = json.loads(line)
                if answer.get("id") == method:
                    assert "result" in answer, answer
                    return answer["result"]
        raise RuntimeError("the agent ended before it answered")

    def open_session(self, folder: Path, capabilities: dict[str, Any] | None = None) -> str:
        """The id of a new session."""
        self.ask("initialize", {"protocolVersion": 1, "clientCapabilities": capabilities or {}})
        return self.ask("session/new", {"cwd": str(folder), "mcpServers": []})["sessionId"]

    def prompt(self, session: str, text: str) -> tuple[float, list[tuple[float, bytes]]]:
        """Run a turn: its seconds, and what came meanwhile."""
        arrivals: list[tuple[float, bytes]] = []
        began = time.monotonic()
        self.ask("session/prompt", {"sessionId": session, "prompt": [{"type": "text", "text": text}]}, arrivals)
        return time.monotonic() - began, arrivals[:-1]

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        return self._process.memory_info().rss / 1e6

    def end(self) -> None:
        """Close its input, and wait."""
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._popen.stdin.close()
        self._popen.stdout.close()
        self._popen.wait(timeout=20)


@dataclass
class Rates:
    """Updates per second of one agent, a figure a round, and its memory."""

    name: str
    versions: str
    rates: list[float] = field(default_factory=list)
    before: float = 0.0  # megabytes, after a small turn
    after: float = 0.0

    @property
    def median(self) -> float:
        """Of all rounds."""
        return statistics.median(self.rates)


@contextmanager
def ours(home: Path, script: list[object]) -> Iterator[Agent]:
    """The whole agent, with a model that plays `script`."""
    home.mkdir()
    (home / "script.json").write_text(json.dumps(script))
    settings = {f"PUNIE_{name}": "1000000000" for name in UNLIMITED}
    settings |= {f"PUNIE_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "DATA", "LOG")}
    settings |= {"PUNIE_MODEL": "import:tests.scripted:model", "PUNIE_TEST_SCRIPT": str(home / "script.json")}
    agent = Agent([sys.executable, "-m", "punie_acp", "--stdio"], settings | {"PUNIE_MODE": "auto"})
    try:
        yield agent
    finally:
        agent.end()


@contextmanager
def started(agent: Agent) -> Iterator[Agent]:
    """`agent`, which ends on leaving."""
    try:
        yield agent
    finally:
        agent.end()


def measure(rates: Rates, agent: Agent, folder: Path, updates: int) -> None:
    """One round: a small turn to warm up, then the one that counts."""
    session = agent.open_session(folder)
    agent.prompt(session, "100")
    rates.before = agent.megabytes
    seconds, arrivals = agent.prompt(session, str(updates))
    rates.after = agent.megabytes
    texts = sum(b'"agent_message_chunk"' in line for _, line in arrivals)
    assert texts == updates, f"{rates.name} sent {texts} of {updates} updates"
    rates.rates.append(updates / seconds)


def streaming(updates: int, rounds: int, *, node: bool) -> list[Rates]:
    """All agents, in turns, so that a busy machine is busy for all of them."""
    commands: dict[str, tuple[str, list[str | Path]]] = {
        "our peer alone": (f"punie-acp {version('punie-acp')}", [sys.executable, AGENTS / "our_peer.py"]),
        "Python SDK's echo agent": (
            f"agent-client-protocol {version('agent-client-protocol')}",
            [sys.executable, AGENTS / "python_sdk.py"],
        ),
    }
    if node:
        commands["TypeScript SDK's echo agent"] = node_agent()
    found = {name: Rates(name, versions) for name, (versions, _) in commands.items()}
    whole = Rates("Punie, a whole turn", f"punie-acp {version('punie-acp')}")
    script = [{"text": words(100)}, {"text": words(updates)}]
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            with ours(root / "home", script) as agent:
                measure(whole, agent, root, updates)
            for name, (_, command) in commands.items():
                with started(Agent(command)) as agent:
                    measure(found[name], agent, root, updates)
    return [whole, *found.values()]


def words(count: int) -> str:
    """A text of `count` tokens of the scripted model, the last of them without a space."""
    return "".join(f" w{number:06}" for number in range(count))


def node_agent() -> tuple[str, list[str | Path]]:
    """The agent of the TypeScript SDK, whose packages the conformance tests pin."""
    sys.path.insert(0, str(ROOT))
    from tests.conformance.node import NODE, installed

    folder = installed()
    script = folder / "node_sdk.mjs"
    script.write_bytes((AGENTS / "node_sdk.mjs").read_bytes())
    package = json.loads((folder / "node_modules/@agentclientprotocol/sdk/package.json").read_text())
    node = subprocess.run([NODE, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return f"@agentclientprotocol/sdk {package['version']}, Node {node}", [NODE, script]


@dataclass
class Latency:
    """Seconds from a command's write to the client's receipt, piece by piece."""

    name: str
    seconds: list[float]
    wire_bytes: int
    growth: float  # megabytes

    def at(self, percent: int) -> float:
        """The value below which `percent` of the pieces lie, in milliseconds."""
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1] * 1000


def command_output(name: str, capabilities: dict[str, Any]) -> Latency:
    """1 MB of a command's output, as it comes."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / "printer.py").write_text(PRINTER)
        program = f"result = run_command({f'{sys.executable} printer.py'!r})\nprint(result.exit_code)"
        with ours(root / "home", [{"code": program}, {"text": "done"}] * 2) as agent:
            session = agent.open_session(root, capabilities)
            agent.prompt(session, "to warm up")
            before = agent.megabytes
            _, arrivals = agent.prompt(session, "go")
            growth = agent.megabytes - before
    seconds: dict[int, float] = {}
    for at, line in arrivals:
        for number, written in STAMP.findall(line):
            seconds.setdefault(int(number), at - float(written))
    assert seconds, "nothing of the output came"
    return Latency(name, list(seconds.values()), sum(len(line) for _, line in arrivals), growth)


def report(rates: list[Rates], latencies: list[Latency], updates: int) -> None:
    """Print two tables."""
    print(f"{platform.machine()} {platform.system()}, {_cpu()}, Python {platform.python_version()}, {_busy()}\n")
    sdk = next(rate for rate in rates if rate.name.startswith("Python SDK"))
    print(f"| {updates} text updates over stdio | updates/s, median | each round | ÷ Python SDK | MB before → after |")
    print("|---|---:|---|---:|---|")
    for rate in rates:
        rounds = ", ".join(f"{figure:.0f}" for figure in rate.rates)
        times = rate.median / sdk.median
        print(f"| {rate.name} | {rate.median:.0f} | {rounds} | {times:.2f} | {rate.before:.0f} → {rate.after:.0f} |")
    print(f"\n| 1 MB of a command's output in {PIECES} pieces | shown | p50 ms | p99 ms | MB on the wire | memory |")
    print("|---|---:|---:|---:|---:|---|")
    for found in latencies:
        wire = found.wire_bytes / 1e6
        shown, p50, p99 = len(found.seconds), found.at(50), found.at(99)
        print(f"| {found.name} | {shown} | {p50:.1f} | {p99:.1f} | {wire:.2f} | {found.growth:+.1f} MB |")
    print("\n" + "; ".join(dict.fromkeys(rate.versions for rate in rates)))


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return f"{model or 'CPU'} × {os.cpu_count()}"


def _busy() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


def main() -> None:
    """Measure, then print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=20_000, help="updates of one turn (default: 20000)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each agent (default: 3)")
    parser.add_argument("--no-node", action="store_true", help="leave the TypeScript SDK's agent out")
    options = parser.parse_args()
    rates = streaming(options.updates, options.rounds, node=not options.no_node)
    latencies = [
        command_output("client with terminals in `_meta` (Zed)", {"_meta": {"terminal_output": True}}),
        command_output("client without terminals", {}),
    ]
    report(rates, latencies, options.updates)


if __name__ == "__main__":
    main()
