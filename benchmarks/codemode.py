"""What code mode costs and gains: calls, gathered calls, checks, dumps, ends of bombs, the overhead of a whole turn.

Beside it, in the same run, stands pydantic-ai-harness's CodeMode, in an environment of its own.

    python benchmarks/codemode.py [--calls 1000] [--rounds 5] [--parts cgkdbt] [--no-peer] [--json]

- calls: as in calls.py, with the file in memory, which is nearest to what the peer does; in turns.
- gather: a chain of 21 tools of 10 ms beside one of 300 ms; the least that is possible is 300 ms.
- check: what happens to a program before it runs, for the programs of the Python corpus, in one session after its first
  program: types alone, and all of it (repairs, types, compiling), also by length in lines. Beside it what Monty alone
  takes, without stubs. The peer checks the types of its first program only.
- dump: the state of a program that is paused in a call, with all that Punie's own modules put into the session.
- bombs: seconds over the limit (1 s of running, where time is what ends it) until the next program has run.
- turn: the share of a turn through `punie-acp --stdio` that is neither the model's nor a command's: a scripted model
  that waits 4 s before each of two answers, and a program of nine reads. The reads count as overhead.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import calls as one_call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from punie_acp.codemode.calls import Plan
    from punie_acp.codemode.sandbox import Sandbox

CHAIN, SHORT, LONG = 21, 0.01, 0.3  # calls, seconds, seconds
BOMB_LIMIT = 1.0  # seconds of running
MODEL_WAIT = 4.0  # seconds before each of the two answers of a turn
LENGTHS = (("up to 5 lines", 0, 5), ("6 to 15", 6, 15), ("more", 16, 10_000))
BOMBS = {
    "endless loop": "while True:\n    pass",
    "10**10**8": "10 ** 10 ** 8",
    "500 MB string": 'x = "x" * 500_000_000',
    "list without end": 'x = []\nwhile True:\n    x.append("y" * 1000)',
    "print flood": 'while True:\n    print("flood" * 20)',
    "deep recursion": "def f(n):\n    return f(n + 1)\nf(0)",
}
GATHER = f"""import asyncio
async def chain():
    for _ in range({CHAIN}):
        await pause(seconds={SHORT})
await asyncio.gather(chain(), pause(seconds={LONG}))
"""
FIGURE = tuple[str, float, str]  # what, how much, in which unit


@asynccontextmanager
async def sandbox_in(folder: Path) -> AsyncIterator[Sandbox]:
    """A sandbox over the local disk, with the limits that the bombs meet."""
    from punie_acp.codemode.events import ProgramLimits
    from punie_acp.codemode.sandbox import Sandbox
    from punie_acp.workspace.local import LocalWorkspace

    limits = ProgramLimits(seconds=BOMB_LIMIT, memory_bytes=64 * 1024 * 1024, output_bytes=4096, recursion=200)
    async with Sandbox(LocalWorkspace(folder), limits) as sandbox:
        yield sandbox


def in_sandbox(measure: Callable[[Sandbox, int], Awaitable[list[FIGURE]]], rounds: int) -> list[FIGURE]:
    """What `measure` finds in a sandbox over an empty folder."""

    async def run(folder: Path) -> list[FIGURE]:
        async with sandbox_in(folder) as sandbox:
            return await measure(sandbox, rounds)

    with tempfile.TemporaryDirectory() as folder:
        return anyio.run(run, Path(folder).resolve())


async def gathered(sandbox: Sandbox, rounds: int) -> list[FIGURE]:
    """Milliseconds from the start of the first tool to the end of the last."""
    from punie_acp.codemode.extra import ExtraFunction

    moments: list[float] = []
    stub = 'def pause(seconds: float) -> None:\n    """Wait."""\n'
    sandbox.set_extra([ExtraFunction("pause", stub, partial(_plan_pause, moments))])
    taken: list[float] = []
    for _ in range(rounds):
        moments.clear()
        outcome = await sandbox.run(GATHER, program_id="g", observer=one_call.Clock())
        assert outcome.error is None, outcome.error
        taken.append((max(moments) - min(moments)) * 1000)
    return [("punie-acp", statistics.median(taken), "ms")]


async def _plan_pause(moments: list[float], args: tuple[object, ...], named: dict[str, object]) -> Plan:
    from punie_acp.codemode.calls import Answer, Plan
    from punie_acp.codemode.events import CallType

    (seconds,) = (*args, *named.values())
    assert isinstance(seconds, float)

    async def perform(_: object) -> Answer:
        moments.append(time.perf_counter())
        await anyio.sleep(seconds)
        moments.append(time.perf_counter())
        return Answer(None)

    return Plan(CallType.SHELL, "other", "Pause", perform)


async def checked(sandbox: Sandbox, rounds: int) -> list[FIGURE]:
    """Milliseconds from the text of a program until it may run. None of them does."""
    checker = sandbox._checker  # noqa: SLF001 - the part before the first effect
    assert checker is not None
    programs = [file.read_text() for file in sorted((Path(__file__).parent / "python_corpus/programs").glob("*.py"))]
    await sandbox.run("1", program_id="c", observer=one_call.Clock())
    each = programs * min(rounds, 2)  # in passes of their own: ty knows a text that it has just had
    whole = [await _taken(sandbox._prepare(code, "c", sandbox.extra)) for code in each]  # noqa: SLF001
    types = [await _taken(checker.check(code)) for code in each]
    nothing, least = await _checked_by_monty(each)
    figures = [*_spread("types", types), *_spread("all of it", whole)]
    for name, shortest, longest in LENGTHS:
        some = [one for code, one in zip(each, whole, strict=True) if shortest <= len(code.splitlines()) <= longest]
        figures.append((f"all of it, {name}, p50 of {len(some)}", statistics.median(some), "ms"))
    least_of_all = (f"Monty's own check of a number, p50 of {len(nothing)}", statistics.median(nothing), "ms")
    return [*figures, *_spread("Monty's own check, no stubs", least), least_of_all]


async def _taken(doing: Awaitable[object]) -> float:
    began = time.perf_counter()
    await doing
    return (time.perf_counter() - began) * 1000


async def _checked_by_monty(programs: list[str]) -> tuple[list[float], list[float]]:
    """Of numbers, and of `programs` without any of our stubs: the least that a check takes."""
    from pydantic_monty import AsyncMonty, MontyComplete, MontyError

    stub = "def gate_() -> None: ...\n"
    async with AsyncMonty(max_processes=1) as pool, pool.checkout(type_check=True, type_check_stubs=stub) as session:

        async def check(code: str) -> None:
            with suppress(MontyError):  # what ty finds, or the call of `gate_`, before the program would begin
                snapshot = await session.feed_start(f"gate_()\n{code}", inputs={"gate_": None})
                while not isinstance(snapshot, MontyComplete):
                    snapshot = await snapshot.resume_auto()

        await check("0")
        nothing = [await _taken(check(str(number))) for number in range(len(programs))]
        return nothing, [await _taken(check(code)) for code in programs]


def _spread(name: str, taken: list[float]) -> list[FIGURE]:
    hundredths = statistics.quantiles(taken, n=100, method="inclusive")
    return [(f"{name}, p50 of {len(taken)}", hundredths[49], "ms"), (f"{name}, p95", hundredths[94], "ms")]


def dumped(rounds: int) -> list[FIGURE]:
    """The size of a paused program, and the time to write it and to wake it in another worker."""
    from pydantic_monty import FunctionSnapshot, Monty

    from punie_acp.codemode.environment import prelude, prelude_inputs

    code = "found = [str(n) for n in range(100)]\ncall('a.txt')\nlen(found)"
    sizes: list[float] = []
    writing: list[float] = []
    waking: list[float] = []
    with Monty(max_processes=2) as pool:
        for _ in range(rounds):
            with pool.checkout() as session, pool.checkout() as other:
                session.feed_start(prelude(), inputs=prelude_inputs(Path.cwd()))
                snapshot = session.feed_start(code, inputs={"call": one_call.named_call()})
                assert isinstance(snapshot, FunctionSnapshot)
                began = time.perf_counter()
                state = session.dump()
                between = time.perf_counter()
                woken = other.load_snapshot(state)
                waking.append(time.perf_counter() - between)
                assert isinstance(woken, FunctionSnapshot)
                writing.append(between - began)
                sizes.append(len(state) / 1024)
    return [
        ("size", statistics.median(sizes), "KB"),
        ("dump", statistics.median(writing) * 1000, "ms"),
        ("load into another worker", statistics.median(waking) * 1000, "ms"),
    ]


async def bombed(sandbox: Sandbox, rounds: int) -> list[FIGURE]:
    """Seconds over the limit until the next program has run, at most; and of a command that starts processes."""
    figures: list[FIGURE] = []
    for name, code in BOMBS.items():
        over = max([await _over(sandbox, code) for _ in range(min(rounds, 3))])
        figures.append((name, over, "s"))
    return [*figures, *await _commands(sandbox)]


async def _over(sandbox: Sandbox, code: str) -> float:
    began = time.monotonic()
    outcome = await sandbox.run(code, program_id="b", observer=one_call.Clock())
    assert outcome.error is not None, code
    assert outcome.error.kind == "limit", outcome.error
    running = outcome.seconds
    after = await sandbox.run("6 * 7", program_id="a", observer=one_call.Clock())
    assert after.value == "42", after
    by_time = "ran longer" in outcome.error.message
    return time.monotonic() - began - (BOMB_LIMIT if by_time or running > BOMB_LIMIT else 0.0)


async def _commands(sandbox: Sandbox) -> list[FIGURE]:
    """A command that ignores SIGTERM at its time limit, and one that starts processes: two hundred, then it ends."""
    from punie_acp.workspace import processes

    folder = sandbox._workspace.root  # noqa: SLF001 - where the commands run

    async def seconds(line: str, timeout: float, **more: int) -> float:
        command = processes.Command(line, folder, timeout, processes.environment(None), **more)
        began = time.monotonic()
        result = await processes.run(command, _ignore)
        assert result.timed_out or result.crowded, result
        return time.monotonic() - began

    stubborn = await seconds("trap '' TERM; while :; do sleep 0.1; done", 1.0) - 1.0
    fork_bomb = await seconds("for i in $(seq 200); do sleep 60 & done; wait", 60.0, processes=50)
    return [("command that ignores SIGTERM", stubborn, "s"), ("fork bomb, from its start", fork_bomb, "s")]


async def _ignore(_: object) -> None:
    return None


def whole_turn(rounds: int) -> list[FIGURE]:
    """Percent of a turn that is neither model nor tool: of the first turn of a new agent, and of later ones."""
    code = "".join(f'print(read_file("a.txt"), {number})\n' for number in range(9))
    answer = "There are nine of them, and each of them says the same two words. " * 3
    entries = [{"code": code, "wait": MODEL_WAIT}, {"text": answer, "wait": MODEL_WAIT}] * (rounds + 1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / "a.txt").write_text("one\ntwo\n")
        script = root / "script.json"
        script.write_text(json.dumps(entries))
        first, *later = _turns(root, rounds + 1, script)
    shares = [100 * (seconds - 2 * MODEL_WAIT) / seconds for seconds in later]
    extra = statistics.median(later) - 2 * MODEL_WAIT
    return [
        ("first turn of an agent", 100 * (first - 2 * MODEL_WAIT) / first, "%"),
        (f"later turns, median of {len(later)}", statistics.median(shares), "%"),
        ("later turns, outside of the model", extra * 1000, "ms"),
    ]


def _turns(root: Path, count: int, script: Path) -> list[float]:
    """Seconds of each of `count` turns of one agent."""
    scripted = {"PUNIE_MODEL": "import:tests.scripted:model", "PUNIE_TEST_SCRIPT": str(script)}
    agent = one_call.start_agent(root, 1000, scripted)
    taken: list[float] = []
    try:
        one_call.ask(agent, 1, "initialize", {"protocolVersion": 1})
        session = one_call.ask(agent, 2, "session/new", {"cwd": str(root), "mcpServers": []})["sessionId"]
        for turn in range(count):
            prompt = [{"type": "text", "text": "How many are there?"}]
            began = time.perf_counter()
            one_call.ask(agent, 3 + turn, "session/prompt", {"sessionId": session, "prompt": prompt})
            taken.append(time.perf_counter() - began)
    finally:
        one_call.stop_agent(agent)
    return taken


def called(calls: int, rounds: int, *, with_peer: bool) -> list[FIGURE]:
    """Milliseconds of an external call, p50, and its share of the peer's: in turns, for the machine's pace changes."""
    kinds: list[Callable[[int], one_call.Row | None]] = [
        one_call.monty_blocking,
        one_call.monty_asyncio,
        one_call.sandbox_alone,
        *([one_call.peer] if with_peer else []),
    ]
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        for row in [kind(calls // rounds) for kind in kinds]:
            if row is not None:
                taken.setdefault(row.name, []).extend(row.seconds)
    medians = {name: statistics.median(seconds) * 1000 for name, seconds in taken.items()}
    figures: list[FIGURE] = [(name, milliseconds, "ms") for name, milliseconds in medians.items()]
    *ours, (_, peer) = medians.items()
    if len(medians) == len(kinds) and with_peer:
        figures += [(f"{name} ÷ peer", milliseconds / peer, "") for name, milliseconds in ours]
    return figures


def peer_gathered(rounds: int) -> list[FIGURE]:
    """The peer's milliseconds for the chain beside the slow call; nothing where it cannot be run."""
    try:
        python = one_call.peer_python()
        script = Path(__file__).with_name("peer_codemode.py")
        done = subprocess.run(
            [python, script, str(rounds), GATHER], check=True, capture_output=True, text=True, timeout=300
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"the peer did not run: {error}\n{getattr(error, 'stderr', '') or ''}", file=sys.stderr)
        return []
    return [("pydantic-ai-harness CodeMode", statistics.median(json.loads(done.stdout)["seconds"]) * 1000, "ms")]


def main() -> None:
    """Measure, then print tables or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000, help="calls to measure (default: 1000)")
    parser.add_argument("--rounds", type=int, default=5, help="of each part (default: 5)")
    parser.add_argument("--parts", default="cgkdbt", help="calls, gather, checks, dumps, bombs, turns (default: all)")
    parser.add_argument("--no-peer", action="store_true", help="do not measure pydantic-ai-harness")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    peer = not options.no_peer
    parts: dict[str, tuple[str, Callable[[int], list[FIGURE]]]] = {
        "c": ("one external call, p50", lambda n: called(options.calls, n, with_peer=peer)),
        "g": (
            "21 calls of 10 ms beside one of 300 ms",
            lambda n: in_sandbox(gathered, n) + (peer_gathered(n) if peer else []),
        ),
        "k": ("from a program's text until it may run", lambda n: in_sandbox(checked, n)),
        "d": ("a paused program", dumped),
        "b": ("a bomb's end, over its limit", lambda n: in_sandbox(bombed, n)),
        "t": ("overhead of a turn", whole_turn),
    }
    tables = {title: measure(options.rounds) for letter, (title, measure) in parts.items() if letter in options.parts}
    print(json.dumps(tables) if options.json else "\n".join(_table(*table) for table in tables.items()))


def _table(title: str, figures: list[FIGURE]) -> str:
    return "\n".join(["", title, *(f"  {name:<40}{value:>10.3f} {unit}" for name, value, unit in figures)])


if __name__ == "__main__":
    main()
