"""One external call of pydantic-ai-harness's CodeMode. Run by calls.py in an environment of its own; prints JSON.

With a program as second argument, as codemode.py runs it: that program so often, with a tool `pause(seconds)`, and the
seconds from the start of its first call to the end of its last.

The peer's tool is called in a plain loop of one program; the model is scripted, so that nothing but the calls counts.
"""

import asyncio
import json
import sys
import time
from importlib.metadata import version
from itertools import pairwise

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai_harness import CodeMode

ROUND = 400  # below Monty's limit of 1,000 suspensions a session


async def measure(calls: int) -> list[float]:
    """Seconds between the starts of consecutive calls, warm-up left out."""
    moments: list[float] = []

    async def script(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        if len(messages) > 1:
            return ModelResponse([TextPart("done")])
        loop = f"for i in range({ROUND}):\n    await read_file(path='a.txt')"
        return ModelResponse([ToolCallPart("run_code", {"code": loop})])

    agent = Agent(FunctionModel(script), capabilities=[CodeMode(max_tool_calls=ROUND)])

    @agent.tool_plain
    async def read_file(path: str) -> str:
        """The text of a file."""
        moments.append(time.perf_counter())
        return "one\ntwo\n"

    intervals: list[float] = []
    while len(intervals) < calls:
        moments.clear()
        await agent.run("go")
        intervals += [after - before for before, after in pairwise(moments[20:])]
    return intervals[:calls]


async def run_gathered(program: str, rounds: int) -> list[float]:
    """Seconds that the calls of `program` take, `rounds` times."""
    moments: list[float] = []

    async def script(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        if len(messages) > 1:
            return ModelResponse([TextPart("done")])
        return ModelResponse([ToolCallPart("run_code", {"code": program})])

    agent = Agent(FunctionModel(script), capabilities=[CodeMode()])

    @agent.tool_plain
    async def pause(seconds: float) -> None:
        """Wait."""
        moments.append(time.perf_counter())
        await asyncio.sleep(seconds)
        moments.append(time.perf_counter())

    taken: list[float] = []
    for _ in range(rounds):
        moments.clear()
        await agent.run("go")
        taken.append(max(moments) - min(moments))
    return taken


if __name__ == "__main__":
    rounds = int(sys.argv[1])
    seconds = asyncio.run(run_gathered(sys.argv[2], rounds) if len(sys.argv) > 2 else measure(rounds))
    versions = {name: version(name) for name in ("pydantic-ai-harness", "pydantic-monty")}
    print(json.dumps({"seconds": seconds, "versions": versions}))
    sys.stdout.flush()
    time.sleep(0.1)  # pydantic-monty 1.4 aborts a process now and then that ends right after its pool
