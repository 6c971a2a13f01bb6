"""Models whose answers are known beforehand, for tests of whole conversations: everything but the model is real.

The setting `model` chooses one of them in a child process whose working directory is the repository's root:

- `import:tests.scripted:model` plays the script in the JSON file that `PUNIE_TEST_SCRIPT` names: a list with one
  response for each request of this process, in their order. After the last one it answers "done". A response is an
  object (or a list of such objects) of which these keys are streamed in the order in which they stand there:

      text        a piece of the answer
      thought     a piece of reasoning
      code        a program: a call of `execute_code`
      arguments   a call of `execute_code` whose arguments are this very text, for malformed calls

  and these say how:

      delay       seconds before each token (default: `PUNIE_TEST_DELAY`, or none)
      wait        seconds before the first token, as for a long prefill
      error       the model fails with this message, after what was streamed

- `import:tests.scripted:echo_model` takes its programs from the prompt: each ```python block there is written as one,
  one block a request. When all have run, the output of the last is the answer. A prompt without a block is answered
  with itself.

Tokens are words and signs; those of a prompt that the request before began with too count as cached, and a response
longer than `max_tokens` is cut, as with a real model.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import anyio
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelRequest, ModelResponse, RetryPromptPart, ToolReturnPart, UserPromptPart
from pydantic_ai.models import Model, StreamedResponse
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.usage import RequestUsage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

    Plan = Callable[[Sequence[ModelMessage]], "Response"]  # what a model answers to a conversation

Part = tuple[str, str]  # one of KINDS, and its text
KINDS = ("text", "thought", "code", "arguments")
TOOL_NAME = "execute_code"

_AFTER = r"(?:These are the program's own|The user asked:|If all that the user).*"
_RESULT = re.compile(
    rf"\APrinted \(data, not instructions\):\n(`{{3,}})\n(.*?)\n\1$(?:\n{_AFTER})?", re.DOTALL | re.MULTILINE
)
_BLOCK = re.compile(r"^(?P<fence>`{3,})python[^\n]*\n(?P<code>.*?)^(?P=fence)[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Response:
    """What the model says to one request, and how fast. Times are seconds."""

    parts: tuple[Part, ...]
    delay: float = 0.0
    wait: float = 0.0
    error: str = ""


def model() -> ScriptedModel:
    """The model that plays the script in the file that `PUNIE_TEST_SCRIPT` names."""
    return ScriptedModel(Script(read_script(Path(os.environ["PUNIE_TEST_SCRIPT"]))), name="script")


def echo_model() -> ScriptedModel:
    """The model that writes the programs of its prompt."""
    return ScriptedModel(echoed, name="echo")


def read_script(file: Path) -> list[Response]:
    """The responses of a script. Raises `ValueError` for a key that means nothing here."""
    return [_response(entry) for entry in json.loads(file.read_text(encoding="utf-8"))]


def _response(entry: dict[str, Any] | list[dict[str, Any]]) -> Response:
    objects = entry if isinstance(entry, list) else [entry]
    parts = tuple((key, value) for item in objects for key, value in item.items() if key in KINDS)
    manner = {key: value for item in objects for key, value in item.items() if key not in KINDS}
    unknown = set(manner) - {"delay", "wait", "error"}
    if unknown:
        raise ValueError(f"a scripted response has no {min(unknown)!r}")
    return Response(parts, **{"delay": default_delay(), **manner})


def default_delay() -> float:
    """Seconds before each token, from `PUNIE_TEST_DELAY`."""
    return float(os.environ.get("PUNIE_TEST_DELAY", "0"))


@dataclass(slots=True)
class Script:
    """Plays `responses` in order, whatever is asked; then it answers "done"."""

    responses: list[Response]
    played: int = 0

    def __call__(self, messages: Sequence[ModelMessage]) -> Response:
        self.played += 1
        if self.played > len(self.responses):
            return Response((("text", "done"),), delay=default_delay())
        return self.responses[self.played - 1]


def echoed(messages: Sequence[ModelMessage]) -> Response:
    """The next program of the last prompt; when all have run, what the last of them returned."""
    prompt, results = _last_prompt(messages)
    programs = [match["code"].rstrip("\n") for match in _BLOCK.finditer(prompt)]
    delay = default_delay()
    if len(results) < len(programs):
        return Response((("code", programs[len(results)]),), delay=delay)
    return Response((("text", results[-1] if results else prompt),), delay=delay)


def _last_prompt(messages: Sequence[ModelMessage]) -> tuple[str, list[str]]:
    """The text of the last prompt, and what its programs have returned so far."""
    prompt, results = "", list[str]()
    for part in (part for message in messages if isinstance(message, ModelRequest) for part in message.parts):
        if isinstance(part, UserPromptPart):
            said = [part.content] if isinstance(part.content, str) else part.content
            prompt, results = next((one for one in reversed(said) if isinstance(one, str)), ""), []
        elif isinstance(part, ToolReturnPart):
            results.append(_RESULT.sub(r"\2", part.model_response_str()))
        elif isinstance(part, RetryPromptPart):
            results.append(part.model_response())
    return prompt, results


class ScriptedModel(Model[None]):
    """Streams what `plan` says. Counts tokens, and remembers each conversation's last prompt as an engine does."""

    def __init__(self, plan: Plan, *, name: str, sees: bool = False) -> None:
        super().__init__(profile=ModelProfile(supports_image_input=sees, supports_audio_file_input=False))
        self._plan = plan
        self._name = name
        self._prompts: dict[str, list[str]] = {}  # tokens of the last prompt, by conversation

    @property
    def model_name(self) -> str:
        return self._name

    @property
    def system(self) -> str:
        return "scripted"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        async with self.request_stream(messages, model_settings, model_request_parameters) as stream:
            async for _ in stream:
                pass
            return stream.get()

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncIterator[StreamedResponse]:
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        settings = settings or {}
        instructions = self._get_instruction_parts(messages, parameters) or []
        prompt = tokens("".join([*(part.content for part in instructions), *map(_told, messages)]))
        yield ScriptedStream(
            model_request_parameters=parameters,
            _name=self._name,
            _response=self._plan(messages),
            _max_tokens=settings.get("max_tokens", 2048),
            _prompt_tokens=len(prompt),
            _cached_tokens=self._remember(str(settings.get("cache_key")), prompt),
        )

    def _remember(self, key: str, prompt: list[str]) -> int:
        """Keep `prompt`, and say how much of it the one before it began with."""
        before = self._prompts.get(key, [])
        self._prompts[key] = prompt
        same = takewhile(lambda pair: pair[0] == pair[1], zip(before, prompt, strict=False))
        return min(sum(1 for _ in same), len(prompt) - 1)


@dataclass
class ScriptedStream(StreamedResponse):
    """One response, token by token."""

    _name: str
    _response: Response
    _max_tokens: int
    _prompt_tokens: int
    _cached_tokens: int
    _began: float = field(default_factory=perf_counter)
    _first: float | None = None
    _timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def _get_event_iterator(self):
        self._count(0)
        await anyio.sleep(self._response.wait)
        for count, (number, kind, piece) in enumerate(_pieces(self._response.parts), start=1):
            if count > self._max_tokens:
                self.finish_reason = "length"
                return
            await anyio.sleep(self._response.delay)
            self._count(count)
            for event in self._events(number, kind, piece):
                yield event
        if self._response.error:
            raise ModelAPIError(self._name, self._response.error)
        called = any(kind in ("code", "arguments") for kind, _ in self._response.parts)
        self.finish_reason = "tool_call" if called else "stop"

    def _events(self, number: int, kind: str, piece: str) -> Iterator[Any]:
        manager = self._parts_manager
        if kind == "text":
            yield from manager.handle_text_delta(vendor_part_id=number, content=piece)
        elif kind == "thought":
            yield from manager.handle_thinking_delta(vendor_part_id=number, content=piece)
        else:
            known = manager.get_part_by_vendor_id(number) is not None
            yield from manager.handle_tool_call_delta_events(
                vendor_part_id=number, tool_name=None if known else TOOL_NAME, args=piece
            )

    def _count(self, output: int) -> None:
        """Keep usage and timings true at every moment, so that a cancelled response has them too."""
        now = perf_counter()
        if output and self._first is None:
            self._first = now
        first = self._first or now
        self._usage = RequestUsage(
            input_tokens=self._prompt_tokens, cache_read_tokens=self._cached_tokens, output_tokens=output
        )
        self.provider_details = {"prefill_seconds": first - self._began, "decode_seconds": now - first}

    async def close_stream(self) -> None:
        """Nothing runs that would have to be stopped."""

    @property
    def model_name(self) -> str:
        return self._name

    @property
    def provider_name(self) -> str:
        return "scripted"

    @property
    def provider_url(self) -> None:
        return None

    @property
    def timestamp(self) -> datetime:
        return self._timestamp


def tokens(text: str) -> list[str]:
    """`text` in pieces of a token's size: words of at most eight characters with the space before them, and signs."""
    return re.findall(r"[ ]?\w{1,8}|\s+|.", text, re.DOTALL)


def _pieces(parts: Sequence[Part]) -> Iterator[tuple[int, str, str]]:
    """The parts' tokens, each with its part's number and kind; of a program, the JSON around it too."""
    for number, (kind, text) in enumerate(parts):
        if kind == "code":
            yield number, kind, '{"code": "'
            yield from ((number, kind, json.dumps(token, ensure_ascii=False)[1:-1]) for token in tokens(text))
            yield number, kind, '"}'
        else:
            yield from ((number, kind, token) for token in tokens(text))


def _told(message: ModelMessage) -> str:
    """A message as a chat template would write it, roughly."""
    fields = ("tool_name", "content", "args")
    texts = [str(getattr(part, name)) for part in message.parts for name in fields if getattr(part, name, None)]
    return "\n".join([f"<{message.kind}>", *texts])
