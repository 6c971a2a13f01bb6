"""A conversation as token ids, through the chat template of the model.

What the model wrote is put in as the very tokens that it wrote, and what comes from outside is never read as markup:
both stand in the template's text as marks that are replaced after it has been tokenised.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from punie_acp.inference.tokenizer import load_tokenizer
from punie_acp.inference.types import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from punie_acp.inference.tokenizer import ChatTokenizer, TextStream

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Data:
    """Text from outside (a file, a user): a special token named in it is only its name."""

    text: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Text that is known as token ids, (time,): what the model itself wrote."""

    ids: tuple[int, ...]


Piece: TypeAlias = str | Data | Tokens


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn. Plain strings in it are ours and may hold markup."""

    role: Role
    content: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class _Marks:
    """Marks in the template's text, each standing for token ids. They cannot occur in any text by chance."""

    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    ids: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])

    def add(self, ids: tuple[int, ...]) -> str:
        self.ids.append(ids)
        return f"MARK{self.nonce}N{len(self.ids) - 1}E"

    def split(self, text: str) -> Iterable[str | tuple[int, ...]]:
        """`text` with each mark as the ids that it stands for."""
        for index, part in enumerate(re.split(f"MARK{self.nonce}N(\\d+)E", text)):
            yield self.ids[int(part)] if index % 2 else part


class Chat:
    """The tokenizer and chat template of one model, and what the template can say."""

    def __init__(self, tokenizer: ChatTokenizer, fingerprint: str) -> None:
        """`fingerprint` names the tokenizer: token ids that were kept mean the same wherever it is the same."""
        self._tokenizer = tokenizer
        self.fingerprint = fingerprint
        added = [token.content for token in tokenizer.backend.get_added_tokens_decoder().values()]
        longest_first = sorted(added, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        self.knows_system = self._shows(_say("system"), _say("user", "hello"))
        self.knows_tool_role = self._shows(_say("user", "hello"), _say("assistant", "hello"), _say("tool"))
        self.knows_tools = self._shows(_say("user", "hello"), tools=[_PROBE_TOOL])

    @classmethod
    def load(cls, path: Path) -> Chat:
        """From a model folder. Raises `EngineError`."""
        tokenizer = load_tokenizer(path)
        return cls(tokenizer, hashlib.sha256((path / "tokenizer.json").read_bytes()).hexdigest()[:16])

    @property
    def template(self) -> str:
        """The chat template's source."""
        return self._tokenizer.template_source

    @property
    def stop_tokens(self) -> frozenset[int]:
        """The ids that end an answer."""
        return self._tokenizer.eos_tokens

    def encode(self, text: str) -> tuple[int, ...]:
        """The ids of `text`, special tokens in it included, (time,)."""
        return self._tokenizer.encode(text)

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of `tokens`, special tokens included."""
        return self._tokenizer.decode(tokens)

    def stream(self) -> TextStream:
        """A decoder for one answer, fed token by token."""
        return self._tokenizer.stream()

    def tokens(
        self, messages: Sequence[ChatMessage], tools: Sequence[Mapping[str, object]] | None = None
    ) -> tuple[int, ...]:
        """The prompt, (time,), up to where the assistant begins to write. Raises `EngineError`.

        The prompt of a longer conversation begins with the one of a shorter, as far as the template allows it.
        """
        marks = _Marks()
        rendered = [
            {"role": message.role, "content": self._text(message.content, marks)} for message in self._placed(messages)
        ]
        # Templates of models that can think would otherwise begin the answer with thoughts; others ignore this.
        text = self._tokenizer.render(rendered, tools=tools or None, enable_thinking=False)
        parts = (self.encode(part) if isinstance(part, str) else part for part in marks.split(text))
        return tuple(token for part in parts for token in part)

    def _placed(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """`messages` in an order that every template takes: one message a user's turn, the system's where it may be."""
        placed: list[ChatMessage] = []
        for message in messages:
            role = "user" if message.role == "system" and not self.knows_system else message.role
            if role == "user" and placed and placed[-1].role == "user":
                placed[-1] = ChatMessage("user", (*placed[-1].content, "\n\n", *message.content))
            else:
                placed.append(ChatMessage(role, message.content))
        return placed

    def _text(self, content: Sequence[Piece], marks: _Marks) -> str:
        return "".join(self._piece(piece, marks) for piece in content)

    def _piece(self, piece: Piece, marks: _Marks) -> str:
        if isinstance(piece, Tokens):
            return marks.add(piece.ids)
        if isinstance(piece, Data):
            return self._special.sub(lambda match: marks.add(self._spelled(match[0])), piece.text)
        return piece

    def _spelled(self, special: str) -> tuple[int, ...]:
        """The ids of a special token's name, none of which is the token."""
        return (*self.encode(special[:1]), *self.encode(special[1:]))

    def _shows(self, *messages: dict[str, str], tools: Sequence[Mapping[str, object]] | None = None) -> bool:
        """Whether the template takes `messages` and puts what is probed for into the text."""
        try:
            return _PROBE in self._tokenizer.render(messages, tools=tools)
        except (EngineError, TypeError):
            return False


_PROBE = "probe7f3a"
_PROBE_TOOL: dict[str, object] = {
    "type": "function",
    "function": {"name": _PROBE, "description": "", "parameters": {"type": "object", "properties": {}}},
}


def _say(role: Role, content: str = _PROBE) -> dict[str, str]:
    return {"role": role, "content": content}
