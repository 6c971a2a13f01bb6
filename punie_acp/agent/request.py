"""What a turn is asked, and what is known about it before the model has read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic_ai.messages import BinaryContent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_ai.messages import ModelMessage, UserContent
    from pydantic_ai.models import Model

    from punie_acp.codemode.table import Table
    from punie_acp.workspace.mentions import Wanted


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a recording in a prompt."""

    data: bytes
    media_type: str  # "image/png"


@dataclass(frozen=True, slots=True)
class Begun:
    """What another process had done of a turn that goes on."""

    texts: int  # how many messages the model had begun
    external_calls: int  # before the program that goes on


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What a turn is asked, of which model, and what was said before."""

    prompt: str | None  # None: the turn goes on with the program of the last message
    turn_id: str  # "t1"
    model: Model
    history: Sequence[ModelMessage]
    cache_key: str  # names the conversation's KV cache
    media: tuple[Media, ...] = ()  # only for models that take them: `ReadyModel.takes`
    overview: str = ""  # what the project has, for the instructions
    looks: str = ""  # what the files are like that the prompt names
    told_all: bool = False  # whether that is all it takes: it may well be answered without having looked
    code: Mapping[str, str] = field(default_factory=dict[str, str])  # of the Python files that the prompt names
    tables: tuple[Table, ...] = ()  # what programs have of the data files that it names
    named: tuple[str, ...] = ()  # the other files that it names
    question: str = ""  # the user's own words of the prompt
    wanted: Wanted = "unknown"  # what they plainly want
    to_run: str = ""  # the command that they want run
    needs_look: bool = False  # the prompt names something of the project: hardly an answer without having looked
    begun: Begun | None = None  # where there is no prompt

    @property
    def needs_nothing(self) -> bool:
        """Whether it is a question about nothing of the project, as far as can be seen."""
        is_told = self.looks or self.tables or self.to_run
        return self.wanted == "answer" and not (self.needs_look or is_told)

    @property
    def content(self) -> str | list[UserContent] | None:
        """The prompt as pydantic-ai takes it."""
        if self.prompt is None:
            return None
        files = [BinaryContent(one.data, media_type=one.media_type) for one in self.media]
        return [*([self.looks] if self.looks else []), self.prompt, *files] if self.looks or files else self.prompt
