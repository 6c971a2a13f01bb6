"""The engine as a pydantic-ai model: streams text and tool calls as they are decoded, and counts real tokens."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, StreamedResponse
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from punie_acp.inference.answer import Answer, ArgumentsWriter
from punie_acp.inference.conversation import Conversation, avoided, keepsake, to_tools
from punie_acp.inference.dialects import ArgumentDelta, CallEnd, CallStart, Malformed, Parser, TextDelta, read_text
from punie_acp.inference.types import (
    Avoided,
    GenerationFinished,
    GenerationRequest,
    Preferred,
    PrefillProgress,
    TokenEvent,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from pydantic_ai.messages import (
        ModelMessage,
        ModelResponse,
        ModelResponsePart,
        ModelResponseStreamEvent,
    )
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.tools import RunContext

    from punie_acp.inference.chat import Chat
    from punie_acp.inference.dialects import Dialect, ParseEvent, Tool
    from punie_acp.inference.types import Engine, EngineEvent

PROVIDER = "punie-acp"
DEFAULT_MAX_TOKENS = 2048


class LocalModelSettings(ModelSettings, total=False):
    """Of the standard settings `max_tokens`, `temperature`, `top_p`, `seed` and `parallel_tool_calls` count here."""

    cache_key: str  # the session whose KV cache is used and kept
    avoid_calls: frozenset[str]  # ids of tool calls that the model must not make again word for word
    no_call: bool  # the answer is text, whatever it looks like, and does not begin like a call
    avoid_beginnings: tuple[str, ...]  # words that an answer or a program leaves after their first token at the latest
    call_probability: float  # from which on the answer begins with a call, though text may be likelier
    keep_prefix: bool  # keep the prompt's keys and values on disk: many conversations begin with it


@dataclass(frozen=True, slots=True)
class ModelLoading:
    """The model is being loaded; the answer waits for it."""

    model_name: str


WaitEvent = ModelLoading | PrefillProgress


class LocalModel(Model[None]):
    """One engine, one chat template, one dialect. It holds no conversation: the messages do, and the engine's cache."""

    def __init__(
        self,
        engine: Engine,
        chat: Chat,
        dialect: Dialect,
        *,
        model_name: str,
        on_wait: Callable[[WaitEvent], Awaitable[None]] | None = None,
    ) -> None:
        """`on_wait` is told what an answer waits for before its first token."""
        # pydantic-ai would add notices to the system prompt in the middle of a conversation, and so void the KV cache.
        super().__init__(
            profile=ModelProfile(
                default_framing_announcement="never",
                supports_image_input=False,
                supports_audio_file_input=False,
                supports_document_input=False,
                supports_video_input=False,
            )
        )
        self._engine = engine
        self._chat = chat
        self._dialect = dialect
        self._model_name = model_name
        self._on_wait = on_wait

    @property
    def model_name(self) -> str:
        """The name under which the model is installed."""
        return self._model_name

    @property
    def system(self) -> str:
        """Who serves the model: this program."""
        return PROVIDER

    @property
    def context_window(self) -> int | None:
        """Prompt and answer together, in tokens; None until the model is loaded."""
        return self._engine.info.context_tokens if self._engine.info else None

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The whole answer."""
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
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """The answer while it is decoded. Leaving the context stops the engine at the next token.

        Raises `EngineError` where the engine cannot run the request, `UserError` for what this model cannot be sent.
        """
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        tools = to_tools(parameters.declared_tool_defs.values())
        parser = self._parser(tools, settings)
        request = self._generation(self._prompt(messages, parameters, tools), settings, messages, tools)
        if self._on_wait and self._engine.info is None:
            await self._on_wait(ModelLoading(self._model_name))
        async with AsyncExitStack() as stack:
            asked_at = perf_counter()
            events = await stack.enter_async_context(self._engine.generate(request))
            yield LocalStream(
                model_request_parameters=parameters,
                _model=self,
                _answer=Answer(parser, self._chat.stream(), len(request.tokens), asked_at),
                _engine_events=events,
                _stop=stack.aclose,
            )

    async def count_tokens(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> RequestUsage:
        """The length of the prompt, by the model's own tokenizer."""
        _, parameters = self.prepare_request(model_settings, model_request_parameters)
        tools = to_tools(parameters.declared_tool_defs.values())
        return RequestUsage(input_tokens=len(self._prompt(messages, parameters, tools)))

    def details(self, tokens: Sequence[int], parts: Sequence[ModelResponsePart]) -> dict[str, Any]:
        """What a response keeps, so that it can be told again in the tokens that it was made of."""
        return keepsake(tokens, parts, self._chat, self._dialect)

    async def tell(self, event: WaitEvent) -> None:
        """Pass on what an answer waits for."""
        if self._on_wait:
            await self._on_wait(event)

    def _parser(self, tools: Sequence[Tool], settings: ModelSettings | None) -> Parser:
        chosen = cast("LocalModelSettings", settings or {})
        if chosen.get("no_call"):
            return Parser(read_text)
        one_call = chosen.get("parallel_tool_calls") is False
        try:
            return self._dialect.parser(tools, one_call=one_call)
        except ValueError as error:
            raise UserError(str(error)) from error

    def _prompt(
        self, messages: Sequence[ModelMessage], parameters: ModelRequestParameters, tools: Sequence[Tool]
    ) -> tuple[int, ...]:
        parts = self._get_instruction_parts(messages, parameters) or []
        every, own = ([part.content for part in parts if part.dynamic is of_one] for of_one in (False, True))
        return Conversation(self._chat, self._dialect, tools).tokens(messages, every, own)

    def _generation(
        self,
        tokens: tuple[int, ...],
        settings: ModelSettings | None,
        messages: Sequence[ModelMessage],
        tools: Sequence[Tool],
    ) -> GenerationRequest:
        chosen = cast("LocalModelSettings", settings or {})
        return GenerationRequest(
            tokens=tokens,
            max_tokens=chosen.get("max_tokens", DEFAULT_MAX_TOKENS),
            temperature=chosen.get("temperature", 0.0),
            top_p=chosen.get("top_p", 1.0),
            seed=chosen.get("seed"),
            stop_tokens=self._chat.stop_tokens,
            cache_key=chosen.get("cache_key"),
            avoid=(
                *avoided(messages, chosen.get("avoid_calls", frozenset()), self._chat, self._dialect),
                *([Avoided(self._opening(), 0)] if chosen.get("no_call") else []),
                *(one for text in chosen.get("avoid_beginnings", ()) for one in self._beginnings(text, tools)),
            ),
            prefer=self._preferred(chosen.get("call_probability")),
            end_repetition=True,
            keep_prefix=chosen.get("keep_prefix", False),
        )

    def _preferred(self, probability: float | None) -> Preferred | None:
        """That an answer begins with a call."""
        return Preferred(self._opening(), probability) if probability else None

    def _beginnings(self, text: str, tools: Sequence[Tool]) -> Iterator[Avoided]:
        """That neither an answer begins with `text`, nor what a call gives to the only parameter of the only tool."""
        yield self._beginning("", text)
        parameters = [*tools[0].parameters()] if len(tools) == 1 else []
        if len(parameters) == 1:
            call = self._dialect.render_call(tools[0].name, {parameters[0]: text})
            yield self._beginning(call.partition(text)[0], text)

    def _beginning(self, before: str, text: str) -> Avoided:
        opening, words = self._chat.encode(before), self._chat.encode(text)
        return Avoided((*opening, *words), len(opening) + min(1, len(words) - 1))

    def _opening(self) -> tuple[int, ...]:
        return tuple(self._chat.encode(self._dialect.opening))


@dataclass
class LocalStream(StreamedResponse):
    """Turns the engine's tokens into pydantic-ai's events."""

    _model: LocalModel
    _answer: Answer
    _engine_events: AsyncIterator[EngineEvent]
    _stop: Callable[[], Awaitable[None]]
    _arguments: ArgumentsWriter = field(default_factory=ArgumentsWriter)
    _timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        async for event in self._engine_events:
            for said in await self._read(event):
                for told in self._tell(said):
                    yield told
            if self._answer.complete:
                await self._stop()
                break

    async def _read(self, event: EngineEvent) -> list[ParseEvent]:
        match event:
            case PrefillProgress():
                self._answer.prefilled(event)
                await self._model.tell(event)
                return []
            case TokenEvent(token, logprob):
                return self._answer.decoded(token, logprob)
            case GenerationFinished():
                return self._answer.ended(event)

    def _tell(self, said: ParseEvent) -> Iterator[ModelResponseStreamEvent]:
        parts = self._parts_manager
        match said:
            case TextDelta(text):
                yield from parts.handle_text_delta(vendor_part_id="text", content=text, ignore_leading_whitespace=True)
            case CallStart(name):
                self._arguments = ArgumentsWriter(self._arguments.call + 1)
                yield from self._call(name, "{")
            case ArgumentDelta(name, text):
                yield from self._call(None, self._arguments.piece(name, text))
            case CallEnd(arguments):
                yield from self._call(None, self._arguments.end(arguments))
            case Malformed():
                pass

    def _call(self, name: str | None, arguments: str) -> Iterator[ModelResponseStreamEvent]:
        return self._parts_manager.handle_tool_call_delta_events(
            vendor_part_id=self._arguments.call, tool_name=name, args=arguments
        )

    def get(self) -> ModelResponse:
        """The answer so far. However it ends, it can be told again, and is counted."""
        answer = self._answer
        self.finish_reason = answer.finish_reason
        self.provider_details = {
            **self._model.details(answer.tokens, self._parts_manager.get_parts()),
            **answer.timings(),
            **({} if answer.least_certain is None else {"least_certain": answer.least_certain}),
            **({"repetition": True} if answer.repeated_itself else {}),
            **({"malformed": answer.malformed} if answer.malformed else {}),
        }
        return super().get()

    @property
    def usage(self) -> RequestUsage:
        """Real tokens, so far."""
        return self._answer.usage()

    async def close_stream(self) -> None:
        """Stop the engine at the next token."""
        await self._stop()

    def get_stream_cancel_errors(self) -> tuple[type[BaseException], ...]:
        """None: a stream that is closed just ends."""
        return ()

    @property
    def model_name(self) -> str:
        """As the model's."""
        return self._model.model_name

    @property
    def provider_name(self) -> str:
        """As the model's `system`."""
        return PROVIDER

    @property
    def provider_url(self) -> None:
        """Nothing leaves this process."""
        return

    @property
    def timestamp(self) -> datetime:
        """When the answer began."""
        return self._timestamp
