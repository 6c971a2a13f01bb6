"""Seconds from the start of an agent's process to its answers to `initialize` and `session/new`.

    python benchmarks/startup.py [--runs 15] [--no-peer]

Beside it, in the same run and by turns, stand `python -c pass`, which no Python program can beat, and an agent on Node,
claude-agent-acp. That answers `initialize` without an account; its `session/new` counts where it is answered too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
NODE_PACKAGE = "@agentclientprotocol/claude-agent-acp"
SECONDS_FOR_AN_ANSWER = 20.0


@dataclass
class Arm:
    """One program that is started again and again, and the seconds that it took to answer."""

    name: str
    command: list[str]
    speaks: bool = True  # ACP; otherwise its end is waited for
    initialize: list[float] = field(default_factory=list)
    session: list[float] = field(default_factory=list)


def measure(arm: Arm, folder: Path) -> None:
    """Start `arm` once, ask it, and end it."""
    # Byte code is written, as it is on a user's machine; the first run, which does so, is not counted.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {f"PUNIE_{kind}_DIR": str(folder) for kind in ("CONFIG", "DATA", "LOG")}
    began = time.perf_counter()
    with subprocess.Popen(
        arm.command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=folder,
    ) as process:
        patience = threading.Timer(SECONDS_FOR_AN_ANSWER, process.kill)
        patience.start()
        try:
            if not arm.speaks:
                process.wait()
                arm.initialize.append(time.perf_counter() - began)
            elif _ask(process, 1, "initialize", {"protocolVersion": 1, "clientCapabilities": {}}):
                arm.initialize.append(time.perf_counter() - began)
                if _ask(process, 2, "session/new", {"cwd": str(folder), "mcpServers": []}):
                    arm.session.append(time.perf_counter() - began)
        finally:
            patience.cancel()
            process.kill()


def _ask(process: subprocess.Popen[bytes], number: int, method: str, params: dict[str, object]) -> bool:
    """Whether the request got a result."""
    assert process.stdin is not None
    assert process.stdout is not None
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()
    for line in process.stdout:
        message = json.loads(line)
        if message.get("id") == number and "method" not in message:
            return "result" in message
    return False


def node_agent() -> Arm | None:
    """The agent on Node, installed by npm into the user's cache; None where that cannot be had."""
    from platformdirs import user_cache_path

    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return None
    folder = user_cache_path("punie-acp") / "bench-startup"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "node_modules" / ".bin" / "claude-agent-acp"
    if not script.exists():
        subprocess.run([npm, "install", "--silent", "--prefix", folder, NODE_PACKAGE], check=False, capture_output=True)
    return (
        Arm(f"claude-agent-acp {_version(folder)} on Node", [node, str(script.resolve())]) if script.exists() else None
    )


def _version(folder: Path) -> str:
    return json.loads((folder / "node_modules" / NODE_PACKAGE / "package.json").read_text())["version"]


def report(arms: list[Arm], runs: int) -> None:
    """Print the table. Multiples are of `python -c pass`."""
    floor = statistics.median(arms[0].initialize)
    machine = f"{platform.machine()} {platform.system()} × {os.cpu_count()}"
    print(f"\n{machine}, Python {platform.python_version()}, {runs} runs\n")
    print(f"{'':<46}{'initialize':>22}{'session/new':>22}")
    for arm in arms:
        print(f"{arm.name:<46}{_cell(arm.initialize, floor)}{_cell(arm.session, floor)}")
    print("\nmedian (fastest), and the median as a multiple of python -c pass")


def _cell(seconds: list[float], floor: float) -> str:
    if not seconds:
        return f"{'–':>22}"
    median = statistics.median(seconds)
    return f"{f'{median:.3f} ({min(seconds):.3f}) {median / floor:>5.1f}×':>22}"


def main() -> None:
    """Measure by turns, then print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="how often each is started (default: 15)")
    parser.add_argument("--no-peer", action="store_true", help="do not measure the Node agent")
    options = parser.parse_args()
    arms = [
        Arm("python -c pass", [sys.executable, "-c", "pass"], speaks=False),
        Arm("punie-acp --stdio", [sys.executable, "-m", "punie_acp", "--stdio"]),
    ]
    node = None if options.no_peer else node_agent()
    if node is not None:
        arms.append(node)
    elif not options.no_peer:
        print("the Node agent is not available here (no npm, or it could not be installed)", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        for run in range(options.runs + 1):
            for arm in arms:
                measure(arm, Path(folder))
                if run == 0:
                    arm.initialize.clear()
                    arm.session.clear()
    report(arms, options.runs)


if __name__ == "__main__":
    main()
