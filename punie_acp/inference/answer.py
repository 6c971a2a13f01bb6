"""One answer of a model while it is decoded: what its tokens say, what they cost, and its calls' arguments as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from pydantic_ai.usage import RequestUsage

from punie_acp.inference.dialects import CallStart, Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_ai.messages import FinishReason

    from punie_acp.inference.dialects import JsonValue, ParseEvent, Parser
    from punie_acp.inference.tokenizer import TextStream
    from punie_acp.inference.types import GenerationFinished, PrefillProgress


class Answer:
    """One answer while it is decoded: its tokens, what they say, and how long they took."""

    def __init__(self, parser: Parser, text: TextStream, prompt_tokens: int, asked_at: float) -> None:
        self.calls = 0
        self.malformed: list[str] = []
        self.finish_reason: FinishReason | None = None
        self._parser = parser
        self._text = text
        self._prompt_tokens = prompt_tokens
        self._cached_tokens: int | None = None
        self._tokens: list[int] = []
        self._lengths: list[int] = []  # characters decoded, after each token
        self._logprobs: list[float] = []
        self._call_at: int | None = None  # how many tokens there were when the first call had begun
        self._asked_at = asked_at
        self._first_at: float | None = None
        self._last_at = asked_at
        self._finished: GenerationFinished | None = None

    @property
    def complete(self) -> bool:
        """Whether no more tokens are wanted."""
        return self._parser.done

    @property
    def tokens(self) -> list[int]:
        """The tokens of the answer, (time,), without those after the end of its last call."""
        wanted = self._parser.consumed if self._parser.done else None
        for count, length in enumerate(self._lengths, start=1):
            if wanted is not None and length >= wanted:
                return self._tokens[:count]
        return self._tokens

    def prefilled(self, progress: PrefillProgress) -> None:
        """Take note of what the cache held: the engine reports it before it computes anything."""
        if self._cached_tokens is None:
            self._cached_tokens = progress.done

    @property
    def repeated_itself(self) -> bool:
        """Whether it was ended because it repeated itself."""
        return self._finished is not None and self._finished.reason == "repetition"

    @property
    def least_certain(self) -> int | None:
        """Which token of the first call was the least probable: where another answer would most likely differ."""
        if self._call_at is None:
            return None
        places = range(self._call_at, len(self.tokens))
        return min(places, key=self._logprobs.__getitem__, default=None)

    def decoded(self, token: int, logprob: float | None = None) -> list[ParseEvent]:
        """What `token` says."""
        self._last_at = perf_counter()
        self._first_at = self._first_at or self._last_at
        piece = self._text.add(token)
        self._tokens.append(token)
        self._logprobs.append(0.0 if logprob is None else logprob)
        self._lengths.append((self._lengths[-1] if self._lengths else 0) + len(piece))
        events = self._parser.feed(piece)
        if self._call_at is None and any(isinstance(event, CallStart) for event in events):
            self._call_at = len(self._tokens)
        if self._parser.done:
            self.finish_reason = "tool_call"
        return self._noted(events)

    def ended(self, finished: GenerationFinished) -> list[ParseEvent]:
        """The rest of what was said."""
        self._finished = finished
        events = self._noted([*self._parser.feed(self._text.finish()), *self._parser.finish()])
        reasons: dict[str, FinishReason] = {"length": "length", "repetition": "length", "cancelled": "error"}
        self.finish_reason = reasons.get(finished.reason, "tool_call" if self.calls else "stop")
        return events

    def usage(self) -> RequestUsage:
        """Counted by the engine where it finished, else by what has arrived."""
        done = self._finished
        return RequestUsage(
            input_tokens=self._prompt_tokens,
            cache_read_tokens=done.cached_tokens if done else self._cached_tokens or 0,
            output_tokens=done.completion_tokens if done else len(self._tokens),
        )

    def timings(self) -> dict[str, float]:
        """Seconds. The first token's time is from the request on, waiting for the engine included."""
        first = self._first_at or self._last_at
        done = self._finished
        return {
            "prefill_seconds": done.prefill_seconds if done else first - self._asked_at,
            "decode_seconds": done.decode_seconds if done else self._last_at - first,
            "first_token_seconds": first - self._asked_at,
        }

    def _noted(self, events: list[ParseEvent]) -> list[ParseEvent]:
        self.calls += sum(isinstance(event, CallStart) for event in events)
        self.malformed += [event.reason for event in events if isinstance(event, Malformed)]
        return events


@dataclass(slots=True)
class ArgumentsWriter:
    """Writes the arguments of one call as JSON, after the opening brace, while their values arrive."""

    call: int = 0  # which call of the answer
    _open: str | None = None  # the string that is being written
    _written: set[str] = field(default_factory=set[str])

    def piece(self, name: str, text: str) -> str:
        """JSON for the next piece of the string `name`."""
        before = "" if name == self._open else self._close() + self._key(name) + '"'
        self._open = name
        return before + json.dumps(text, ensure_ascii=False)[1:-1]

    def end(self, arguments: Mapping[str, JsonValue]) -> str:
        """JSON for what has not been written, and the end."""
        parts = [self._close()]
        for name, value in arguments.items():
            if name not in self._written:
                parts.append(self._key(name) + json.dumps(value, ensure_ascii=False))
        return "".join([*parts, "}"])

    def _key(self, name: str) -> str:
        comma = ", " if self._written else ""
        self._written.add(name)
        return f"{comma}{json.dumps(name, ensure_ascii=False)}: "

    def _close(self) -> str:
        closing = '"' if self._open is not None else ""
        self._open = None
        return closing
