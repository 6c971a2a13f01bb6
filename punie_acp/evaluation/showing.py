"""A task's transcript, replayed in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.syntax import Syntax
from rich.text import Text

from punie_acp.evaluation.transcript import Item, Said, read_transcript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from punie_acp.evaluation.results import Record

LINES = 40  # of an output
_MARKS = {"completed": ("✓", "green"), "failed": ("✗", "red")}


def replayed(record: Record) -> Iterator[RenderableType]:
    """What to print, piece by piece, in the order in which it happened."""
    verdict = ("passed", "bold green") if record.passed else (f"failed: {record.cause}", "bold red")
    yield Text.assemble((f"{record.task} · {record.arm} · {record.category}  ", "bold"), verdict)
    yield _prompt(record.prompt)
    for step in read_transcript(record.updates).steps:
        yield from _said(step) if isinstance(step, Said) else _item(step)
    yield Text()
    if record.error:
        yield Text(f"error: {record.error}", style="red")
    for check in record.checks:
        mark, style = _MARKS["completed" if check["passed"] else "failed"]
        reason = f": {check['reason']}" if check["reason"] and not check["passed"] else ""
        yield Text.assemble((mark, style), f" {check['kind']}{reason}")
    yield Text(_figures(record), style="dim")


def _prompt(text: str) -> Text:
    return Text("\n".join(f"> {line}" for line in text.splitlines()), style="bold")


def _figures(record: Record) -> str:
    return (
        f"{record.stop_reason or 'no end'} · {record.turns} turns · {record.external_calls} external calls · "
        f"{record.decoded} tokens decoded, {record.prefilled} prefilled, {record.cached} cached · "
        f"{record.model_seconds:.1f} s model, {record.tool_seconds:.1f} s tools, {record.waiting_seconds:.1f} s waiting"
    )


def _said(said: Said) -> Iterator[RenderableType]:
    if said.kind == "user":
        yield _prompt(said.text)
    elif said.text.strip():
        yield Text(said.text.strip(), style="" if said.kind == "answer" else "dim italic")


def _item(item: Item) -> Iterator[RenderableType]:
    mark, style = _MARKS.get(item.status, ("…", "yellow"))
    indent = "" if item.is_program else "  "
    yield Text.assemble(f"{item.began:7.2f} s {indent}", (mark, style), " ", item.title)
    if item.is_program:
        if item.code:
            yield Syntax(item.code, "python", theme="ansi_dark", background_color="default")
        shown = item.output or item.error_message or "\n".join(item.texts[1:])
        if item.output and item.error_message:
            shown = f"{item.output.rstrip()}\n{item.error_message}"
        yield from _output(shown, "")
    elif item.status == "failed" or item.parent.count("/") == 0:
        yield from _output("\n".join(item.texts), "  ")


def _output(text: str, indent: str) -> Iterator[RenderableType]:
    lines = text.rstrip().splitlines()
    shown = lines if len(lines) <= LINES + 1 else [*lines[:LINES], f"… {len(lines) - LINES} more lines"]
    if shown:
        yield Text("\n".join(f"{indent}  │ {line}" for line in shown), style="dim")
