"""Text ⇄ token ids, and the chat template of a model folder.

The `tokenizers` library and jinja2 are used directly: both import in a tenth of a second together, where
`transformers` (which does the same through the same two) takes seconds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from punie_acp.inference.folder import read_json, stop_ids
from punie_acp.inference.types import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from jinja2 import Template
    from tokenizers import Tokenizer
    from tokenizers.decoders import DecodeStream

Message: TypeAlias = "Mapping[str, Any]"  # a chat message as templates know it: role, content, tool_calls, …


@dataclass(frozen=True, slots=True)
class ChatTokenizer:
    """The tokenizer of a model folder with its chat template. Immutable, and safe to use from any thread."""

    backend: Tokenizer
    template_source: str  # Jinja; empty where the folder has none
    special_tokens: Mapping[str, str]  # "eos_token", "bos_token", … → text; a template may name them
    eos_tokens: frozenset[int]  # ids that end an answer
    _template: Template | None = field(repr=False)

    def encode(self, text: str) -> tuple[int, ...]:
        """The ids of `text`, (time,). Special tokens in the text become their ids; none are added."""
        return tuple(self.backend.encode(text, add_special_tokens=False).ids)

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of `tokens`, special tokens included."""
        return self.backend.decode(list(tokens), skip_special_tokens=False)

    def token_id(self, token: str) -> int | None:
        """The id of a whole token such as `<|im_end|>`; None where the vocabulary lacks it."""
        return self.backend.token_to_id(token)

    def render(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        add_generation_prompt: bool = True,
        **variables: object,
    ) -> str:
        """The chat template's text for `messages`. Raises `EngineError` where it has none or refuses them."""
        from jinja2 import TemplateError

        if self._template is None:
            raise EngineError(
                "The model has no chat template, so it cannot hold a conversation; choose an instruct model."
            )
        try:
            return self._template.render(
                messages=messages,
                tools=tools,
                add_generation_prompt=add_generation_prompt,
                **self.special_tokens,
                **variables,
            )
        except TemplateError as error:
            raise EngineError(f"The model's chat template refuses these messages: {error}") from error

    def stream(self) -> TextStream:
        """A decoder for one answer, fed token by token."""
        from tokenizers.decoders import DecodeStream

        return TextStream(self.backend, DecodeStream(skip_special_tokens=False))


@dataclass(slots=True)
class TextStream:
    """Tokens in, text out as soon as it is whole: a character may be spread over several tokens."""

    _backend: Tokenizer
    _decoder: DecodeStream
    _pending: list[int] = field(default_factory=list[int])

    def add(self, token: int) -> str:
        """The text that `token` completes, often one token's, sometimes none."""
        self._pending.append(token)
        text = self._decoder.step(self._backend, token)
        if text is None:
            return ""
        self._pending.clear()
        return text

    def finish(self) -> str:
        """What is left of an unfinished character, as replacement characters."""
        left, self._pending = self._pending, []
        return self._backend.decode(left, skip_special_tokens=False) if left else ""


def load_tokenizer(path: Path) -> ChatTokenizer:
    """The tokenizer of the model folder at `path`. Raises `EngineError`."""
    from tokenizers import Tokenizer

    file = path / "tokenizer.json"
    if not file.is_file():
        raise EngineError(f"{path} has no tokenizer.json; import or download the model again.")
    try:
        backend = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare Exception
        raise EngineError(f"{file} cannot be read ({error}); import or download the model again.") from error
    config = read_json(path / "tokenizer_config.json")
    source, specials = _template_source(path, config), _special_tokens(config)
    return ChatTokenizer(
        backend=backend,
        template_source=source,
        special_tokens=specials,
        eos_tokens=stop_ids(path)
        | {eos for eos in [backend.token_to_id(specials.get("eos_token", ""))] if eos is not None},
        _template=_compile(source) if source else None,
    )


def _template_source(path: Path, config: Mapping[str, Any]) -> str:
    file = path / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    template = config.get("chat_template") or ""
    if isinstance(template, list):  # several by name, the older form
        named = cast("list[dict[str, str]]", template)
        by_name = {entry["name"]: entry["template"] for entry in named}
        return by_name.get("tool_use") or by_name.get("default", "")
    return template


def _special_tokens(config: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: _content(value) for name, value in config.items() if name.endswith("_token")}
    return {name: text for name, text in texts.items() if text}


def _content(token: object) -> str:
    """A token in tokenizer_config.json is a string, or an object with its text under "content"."""
    if isinstance(token, dict):
        token = cast("dict[str, object]", token).get("content")
    return token if isinstance(token, str) else ""


def _compile(source: str) -> Template:
    """As transformers compiles chat templates (utils/chat_template_utils.py of 5.23), in jinja2's sandbox."""
    from jinja2 import TemplateError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = _to_json
    names = cast("dict[str, object]", environment.globals)
    names.update(raise_exception=refuse, strftime_now=_local_time)
    try:
        return environment.from_string(source)
    except TemplateError as error:
        raise EngineError(f"The model's chat template is not valid: {error}") from error


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """jinja2's own filter escapes HTML, which a model was not trained on."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _local_time(format: str) -> str:  # noqa: A002 - templates may name the argument
    from datetime import datetime

    return datetime.now().astimezone().strftime(format)
