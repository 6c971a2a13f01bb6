"""Models that misbehave, for the setting `model`: `import:tests.integration.odd_models:noisy`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelResponse, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import DeltaToolCall, FunctionModel

from tests.scripted import Response, ScriptedModel, _response, echo_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models.function import AgentInfo, DeltaToolCalls


def prompted() -> ScriptedModel:
    """Plays the script that the prompt is: a JSON list of responses, as in the files of `tests.scripted`."""
    return ScriptedModel(_prompted, name="prompted")


def _prompted(messages: Sequence[ModelMessage]) -> Response:
    given, script = 0, list[object]()
    for message in messages:
        prompts = [_words(part) for part in message.parts if isinstance(part, UserPromptPart)]
        if prompts:
            given, script = 0, _script(prompts[-1])
        given += isinstance(message, ModelResponse)
    return _response(script[given]) if given < len(script) else Response((("text", "done"),))


def _words(part: UserPromptPart | ToolReturnPart) -> str:
    """The text of a prompt, without what stands before it of the files that it names; or that of a result."""
    said = part.content
    return said if isinstance(said, str) else str(said[-1])


def _script(prompt: str) -> list[object]:
    """The JSON list that a prompt begins with; what the agent has added to it does not count."""
    return json.JSONDecoder().raw_decode(prompt)[0] if prompt.startswith("[") else []


def recalling() -> ScriptedModel:
    """As `prompted`; a prompt that is no script is answered with all that the model was told, in order."""
    return ScriptedModel(_recalled, name="recalling")


def _recalled(messages: Sequence[ModelMessage]) -> Response:
    prompts = [_words(part) for message in messages for part in message.parts if isinstance(part, UserPromptPart)]
    if prompts[-1].startswith("["):
        return _prompted(messages)
    parts = [part for message in messages for part in message.parts]
    told = [_words(part) for part in parts if isinstance(part, UserPromptPart | ToolReturnPart)]
    return Response((("text", "\n".join(map(str, told))),))


def seeing() -> ScriptedModel:
    """Takes images, and says what it was given."""
    return ScriptedModel(_seen, name="seeing", sees=True)


def _seen(messages: Sequence[ModelMessage]) -> Response:
    prompts = [part.content for message in messages for part in message.parts if isinstance(part, UserPromptPart)]
    given = [prompts[-1]] if isinstance(prompts[-1], str) else prompts[-1]
    shown = [item if isinstance(item, str) else f"{item.media_type}: {item.data.decode()}" for item in given]
    return Response((("text", "\n".join(shown)),))


def noisy() -> ScriptedModel:
    """Writes to standard output in every way there is, as libraries do."""
    print("a library says hello")
    os.write(1, b"so does a C library\n")
    sys.__stdout__.write("and a progress bar\n")
    subprocess.run(["echo", "and a child process"], check=True)
    return echo_model()


def slow() -> ScriptedModel:
    """Takes its time to load."""
    time.sleep(1.5)
    return echo_model()


def calling() -> FunctionModel:
    """Makes the calls that its prompt lists, `[[[function, arguments], …], …]`, one inner list a request.

    When all are made, it answers with the tools that it has, and what each call gave it.
    """
    return FunctionModel(stream_function=_calls, model_name="calling")


async def _calls(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str | DeltaToolCalls]:
    parts = [part for message in messages for part in message.parts]
    said = next(part.content for part in parts if isinstance(part, UserPromptPart))
    prompt = next(_words(part) for part in parts if isinstance(part, UserPromptPart))
    requests = json.JSONDecoder().raw_decode(prompt)[0]  # more text may follow
    made = sum(isinstance(message, ModelResponse) for message in messages)
    if made < len(requests):
        yield {
            place: DeltaToolCall(name, json.dumps(arguments)) for place, (name, arguments) in enumerate(requests[made])
        }
        return
    told = [str(part.content) for part in parts if isinstance(part, ToolReturnPart)]
    schemas = {tool.name: tool.parameters_json_schema for tool in info.function_tools}
    settings = info.model_settings or {}
    answer = {"tools": schemas, "told": told, "instructions": info.instructions}
    answer["parallel"] = settings.get("parallel_tool_calls")
    answer["call_probability"] = settings.get("call_probability")
    answer["no_call"] = settings.get("no_call", False)
    answer["looks"] = [] if isinstance(said, str) else said[:-1]
    answer["avoided"] = len(settings.get("avoid_calls", ()))
    yield json.dumps(answer)


def gated() -> FunctionModel:
    """Writes programs in the pieces that its prompt lists, `{"programs": [[piece, …], …], "gates": folder}`.

    Before each piece but the first of a program it waits until there is a file of the piece's name in the folder:
    program and piece, from 0 (`0.1`). With `"end"` the last program's call ends in that text instead of as JSON does;
    with `"error"` the model fails there. When all have run, it answers with what it was told of the last.
    """
    return FunctionModel(stream_function=_write_piece_by_piece, model_name="gated")


async def _write_piece_by_piece(messages: list[ModelMessage], _: AgentInfo) -> AsyncIterator[str | DeltaToolCalls]:
    last = max(place for place, message in enumerate(messages) if _prompt_in(message))
    prompt = json.JSONDecoder().raw_decode(_prompt_in(messages[last]))[0]
    number = sum(isinstance(message, ModelResponse) for message in messages[last:])
    if number == len(prompt["programs"]):
        yield str(messages[-1].parts[-1].content)
        return
    is_last = number + 1 == len(prompt["programs"])
    yield {0: DeltaToolCall("execute_code", '{"code": "')}
    for place, piece in enumerate(prompt["programs"][number]):
        while place and not Path(prompt["gates"], f"{number}.{place}").exists():  # noqa: ASYNC110
            await anyio.sleep(0.005)
        yield {0: DeltaToolCall(json_args=json.dumps(piece)[1:-1])}
    if is_last and "error" in prompt:
        raise ModelAPIError("gated", prompt["error"])
    yield {0: DeltaToolCall(json_args=prompt.get("end", '"}') if is_last else '"}')}


def _prompt_in(message: ModelMessage) -> str:
    prompts = [_words(part) for part in message.parts if isinstance(part, UserPromptPart)]
    return prompts[-1] if prompts else ""
