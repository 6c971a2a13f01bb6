"""The cost of one external call: (a) in the sandbox alone, (b) through the server to a client over stdio.

Beside it stands pydantic-ai-harness's CodeMode, in an environment of its own.

    python benchmarks/calls.py [--calls 1000] [--no-peer] [--json]

A program calls `read_file` in a loop on a small file; the cost is the time from the start of one call to the start of
the next, so that everything is in it: the pause, planning, the events, the permission, the read, the resume. The peer
does less there (its tool returns a constant, and nobody sees the call).

Monty alone does nothing between a pause and its resume. By its blocking interface that is the floor: the least that a
call can cost, where nothing else goes on in the process. By its asyncio interface it is what the peer stands on.
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
import time
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from punie_acp.codemode.events import Decision
    from punie_acp.workspace.local import LocalWorkspace

PEER = "pydantic-ai-harness[code-mode]==0.62.*"
WARM_UP = 50


@dataclass(frozen=True)
class Row:
    """One line of the table: seconds of each call, and what ran."""

    name: str
    seconds: list[float]
    versions: dict[str, str]

    def at(self, percent: float) -> float:
        """The value below which `percent` of the calls lie, in milliseconds."""
        return statistics.quantiles(self.seconds, n=1000, method="inclusive")[round(percent * 10) - 1] * 1000


class Clock:
    """An observer that allows everything and notes when each call began."""

    def __init__(self) -> None:
        from punie_acp.codemode.events import CallRequested, Decision

        self.moments: list[float] = []
        self._request = CallRequested
        self._yes = Decision(allowed=True)

    async def emit(self, event: object) -> None:
        if isinstance(event, self._request):
            self.moments.append(time.perf_counter())

    async def permit(self, _call: object) -> Decision:
        return self._yes


def monty_blocking(calls: int) -> Row:
    """The floor: Monty's own pause and resume on this machine, by its blocking interface."""
    from pydantic_monty import FunctionSnapshot, Monty

    moments: list[float] = []
    with Monty() as pool, pool.checkout(limits={"max_suspensions": 10**9}) as session:
        snapshot = session.feed_start(monty_loop(calls), inputs={"call": named_call()})
        while isinstance(snapshot, FunctionSnapshot):
            moments.append(time.perf_counter())
            snapshot = snapshot.resume({"return_value": "one\ntwo\n"})
    return Row("pydantic-monty alone, blocking (floor)", intervals(moments), monty_version())


def monty_asyncio(calls: int) -> Row:
    """The same by its asyncio interface."""
    import asyncio

    from pydantic_monty import AsyncFunctionSnapshot, AsyncMonty

    async def run() -> list[float]:
        moments: list[float] = []
        async with AsyncMonty() as pool, pool.checkout(limits={"max_suspensions": 10**9}) as session:
            snapshot = await session.feed_start(monty_loop(calls), inputs={"call": named_call()})
            while isinstance(snapshot, AsyncFunctionSnapshot):
                moments.append(time.perf_counter())
                snapshot = await snapshot.resume({"return_value": "one\ntwo\n"})
        await asyncio.sleep(0.05)  # pydantic-monty 1.4: see codemode/worker.py
        return intervals(moments)

    return Row("pydantic-monty alone, asyncio", asyncio.run(run()), monty_version())


def monty_loop(calls: int) -> str:
    """A program that calls `call` so often, and for the warm-up."""
    return f"for i in range({calls + WARM_UP + 1}):\n    call('a.txt')"


def monty_version() -> dict[str, str]:
    """What ran, for a row of Monty alone."""
    return {"pydantic-monty": version("pydantic-monty")}


def named_call() -> Callable[..., None]:
    """What a program is told stands for an external function."""

    def call(*_: object) -> None: ...

    return call


def intervals(moments: list[float]) -> list[float]:
    """Seconds from each call to the next, without the warm-up."""
    return [after - before for before, after in pairwise(moments[WARM_UP:])]


def sandbox_alone(calls: int) -> Row:
    """(a): our sandbox on a file in memory, without disk or server."""
    from punie_acp.workspace.local import LocalWorkspace

    class InMemory(LocalWorkspace):
        """A workspace that costs nothing: what is left is the sandbox."""

        def __init__(self, root: Path) -> None:
            super().__init__(root)
            self._file = self.root / "a.txt"

        def resolve(self, path: str, *, follow: bool = True) -> Path:
            del path, follow
            return self._file

        def display(self, path: Path) -> str:
            return path.name

        def sensitivity(self, path: Path) -> None:
            del path

        async def read_text(self, path: Path) -> str:
            del path
            return "one\ntwo\n"

    return _sandbox("punie-acp, sandbox alone (a)", calls, InMemory)


def sandbox_on_disk(calls: int) -> Row:
    """(a) with the real workspace: confinement, sensitivity and the read itself."""
    from punie_acp.workspace.local import LocalWorkspace

    return _sandbox("punie-acp, with the local disk", calls, LocalWorkspace)


def _sandbox(name: str, calls: int, workspace: type[LocalWorkspace]) -> Row:
    import anyio

    from punie_acp.codemode.events import ProgramLimits
    from punie_acp.codemode.sandbox import Sandbox

    async def run(folder: Path) -> list[float]:
        clock = Clock()
        limits = ProgramLimits(calls=calls + WARM_UP + 1)
        async with Sandbox(workspace(folder), limits) as sandbox:
            code = f'for i in range({calls + WARM_UP + 1}):\n    read_file("a.txt")'
            outcome = await sandbox.run(code, program_id="bench", observer=clock)
            assert outcome.error is None, outcome.error
        return intervals(clock.moments)

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / "a.txt").write_text("one\ntwo\n")
        seconds = anyio.run(run, root)
    ours = {name: version(name) for name in ("punie-acp", "pydantic-monty")}
    return Row(name, seconds, ours)


def through_stdio(calls: int) -> Row:
    """(b): `punie-acp --stdio` as a child process, its updates read as they come. The model is a scripted one."""
    program = f'for i in range({calls + WARM_UP + 1}):\n    read_file("a.txt")'
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / "a.txt").write_text("one\ntwo\n")
        agent = start_agent(root, calls)
        try:
            asking = partial(ask, agent)
            asking(1, "initialize", {"protocolVersion": 1})
            session = asking(2, "session/new", {"cwd": str(root), "mcpServers": []})["sessionId"]
            prompt = [{"type": "text", "text": f"```python\n{program}\n```"}]
            moments: list[float] = []
            asking(3, "session/prompt", {"sessionId": session, "prompt": prompt}, moments)
        finally:
            stop_agent(agent)
    return Row("punie-acp, to a client over stdio (b)", intervals(moments), {"punie-acp": version("punie-acp")})


def start_agent(folder: Path, calls: int, more: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The agent as a child process, its data in `folder`; `more` are variables of its environment."""
    environment = os.environ | {
        "PUNIE_MODEL": "import:tests.scripted:echo_model",
        "PUNIE_MAX_EXTERNAL_CALLS": str(2 * calls + 1000),
        **{f"PUNIE_{kind}_DIR": str(folder / ".punie") for kind in ("CONFIG", "DATA", "LOG")},
        **(more or {}),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "punie_acp", "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        env=environment,
    )


def stop_agent(agent: subprocess.Popen[bytes]) -> None:
    """End it as an editor does, by closing its input."""
    assert agent.stdin is not None
    assert agent.stdout is not None
    agent.stdin.close()
    agent.stdout.close()
    agent.wait(timeout=10)


def ask(
    agent: subprocess.Popen[bytes],
    number: int,
    method: str,
    params: dict[str, object],
    moments: list[float] | None = None,
) -> dict[str, Any]:
    """The result of a request; `moments` gets the time at which each external call was first heard of."""
    assert agent.stdin is not None
    assert agent.stdout is not None
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    agent.stdin.write(json.dumps(request).encode() + b"\n")
    agent.stdin.flush()
    for line in agent.stdout:
        if moments is not None and b'"tool_call"' in line and b'"read_file"' in line:
            moments.append(time.perf_counter())
        elif b'"result"' in line or b'"error"' in line:
            answer = json.loads(line)
            assert "result" in answer, answer
            return answer["result"]
    raise RuntimeError("the agent ended before it answered")


def peer(calls: int) -> Row | None:
    """pydantic-ai-harness's CodeMode in an environment of its own, made once; None (with the reason) without it."""
    try:
        python = peer_python()
        script = Path(__file__).with_name("peer_codemode.py")
        done = subprocess.run([python, script, str(calls)], check=True, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"the peer did not run: {error}\n{getattr(error, 'stderr', '') or ''}", file=sys.stderr)
        return None
    result = json.loads(done.stdout)
    return Row("pydantic-ai-harness CodeMode", result["seconds"], result["versions"])


def peer_python() -> Path:
    """The interpreter of the peer's environment. Raises `OSError` or `SubprocessError` where it cannot be made."""
    from platformdirs import user_cache_path

    environment = user_cache_path("punie-acp") / "bench-codemode"
    python = environment / "bin" / "python"
    if not (environment / "ready").exists():
        uv = shutil.which("uv") or "uv"
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, PEER], check=True)
        (environment / "ready").touch()
    return python


ROWS: dict[str, Callable[[int], Row | None]] = {
    "f": monty_blocking,
    "m": monty_asyncio,
    "a": sandbox_alone,
    "d": sandbox_on_disk,
    "b": through_stdio,
}
"""What is measured, by letter."""


def report(rows: list[Row], other: Row | None) -> None:
    """Print the table."""
    print(f"\n{platform.machine()} {platform.system()}, {_cpu()}, Python {platform.python_version()}")
    print(f"\n{'one external call':<38}{'calls':>7}{'p50 ms':>9}{'p99 ms':>9}{'of peer':>9}")
    for row in [*rows, *([other] if other else [])]:
        share = f"{row.at(50) / other.at(50):.2f}" if other else "–"
        print(f"{row.name:<38}{len(row.seconds):>7}{row.at(50):>9.3f}{row.at(99):>9.3f}{share:>9}")
    for row in [*rows, *([other] if other else [])]:
        print(f"  {row.name}: " + ", ".join(f"{name} {number}" for name, number in row.versions.items()))


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return f"{model or 'CPU'} × {os.cpu_count()}"


def main() -> None:
    """Measure, then print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000, help="calls to measure (default: 1000)")
    parser.add_argument("--parts", default="".join(ROWS), help=f"which parts: {', '.join(ROWS)} (default: all)")
    parser.add_argument("--no-peer", action="store_true", help="do not measure pydantic-ai-harness")
    parser.add_argument("--json", action="store_true", help="figures as JSON, in milliseconds")
    options = parser.parse_args()
    rows = [row for part in options.parts if (row := ROWS[part](options.calls)) is not None]
    other = None if options.no_peer else peer(options.calls)
    if options.json:
        every = [*rows, *([other] if other else [])]
        print(json.dumps({row.name: {"p50": row.at(50), "p99": row.at(99)} for row in every}))
    else:
        report(rows, other)


if __name__ == "__main__":
    main()
