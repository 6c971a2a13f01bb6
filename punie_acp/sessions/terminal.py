"""A conversation as it is read in a terminal: messages whole, programs, outputs and diffs short."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.markdown import Markdown
from rich.syntax import Syntax
from rich.text import Text

from punie_acp.sessions.conversation import Call, Message, Plan
from punie_acp.sessions.listing import local_time, short_folder, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from punie_acp.server.store.base import SessionRecord
    from punie_acp.sessions.conversation import Block, Part, Turn

LINES = 12  # of a program, an output or a diff; `export` has all
_MARKS = {"completed": ("✓", "green"), "failed": ("✗", "red"), "open": ("…", "yellow")}


def rendered(record: SessionRecord, turns: Sequence[Turn], *, styled: bool) -> Iterator[RenderableType]:
    """What to print, piece by piece. `styled`: for a terminal; otherwise messages stay the text that they are."""
    yield Text(title_of(record), style="bold")
    facts = (record.session_id, short_folder(record.cwd), record.mode, record.model, local_time(record.created))
    yield Text(" · ".join(facts), style="dim")
    if not turns:
        yield Text("\nNothing was said.")
    for turn in turns:
        yield Text()
        yield Text(f"── {_heading(turn)} ──", style="dim")
        yield Text("\n".join(f"> {line}" for line in turn.prompt.splitlines()), style="bold")
        for part in turn.parts:
            yield _part(part, styled=styled)


def _heading(turn: Turn) -> str:
    record = turn.record
    words = [f"turn {record.number}", local_time(record.began)]
    if record.ended is not None:
        seconds = (datetime.fromisoformat(record.ended) - datetime.fromisoformat(record.began)).total_seconds()
        words.append(f"{seconds:.0f} s")
    if record.state != "ended":
        words.append(record.state)
    elif record.stop_reason != "end_turn":
        words.append(record.stop_reason or "failed")
    return " · ".join(words)


def _part(part: Part, *, styled: bool) -> RenderableType:
    match part:
        case Message(speaker="thought"):
            return Text(part.text, style="dim italic")
        case Message():
            return Markdown(part.text) if styled else Text(part.text)
        case Plan():
            return Text("\n".join(f"  {'☑' if done else '☐'} {entry}" for entry, done in part.entries))
        case Call():
            return _call(part)


def _call(call: Call) -> Text:
    mark, style = _MARKS[call.status]
    indent = "  " if call.in_program else ""
    title = Text.assemble(indent, (mark, style), " ", call.title)
    return Text("\n").join([title, *(line for block in call.blocks for line in _block(block, indent + "  "))])


def _block(block: Block, indent: str) -> list[Text]:
    """The lines of a block, not too many, each behind `indent`: a layout would fill them with spaces up to the edge."""
    lines = block.text.splitlines()
    if block.language == "diff":
        lines = [lines[0].removeprefix("--- "), *lines[2:]] if len(lines) > 2 else ["no change"]
    shown = lines if len(lines) <= LINES + 1 else lines[:LINES]
    code = Syntax("", block.language or "text", theme="ansi_dark").highlight("\n".join(shown))
    rest = [Text(f"… {len(lines) - LINES} more lines", style="dim")] if len(shown) < len(lines) else []
    return [Text.assemble(indent, line) for line in (*code.split("\n"), *rest)]
