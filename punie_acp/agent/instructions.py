"""What the model is told. Every token here is prefilled once a session, so each sentence has to earn its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.codemode.stubs import function_stubs

if TYPE_CHECKING:
    from punie_acp.codemode.events import ProgramOutcome

_INSTRUCTIONS = """\
You are Punie, a coding agent in the user's editor. You work on the project in the current directory by writing Python
programs that run there. A program can call these functions:

```python
{stubs}
```

Ordinary Python works too: open, pathlib, os, glob, re, json, subprocess. There is no network. Paths are relative to
the project.

Do the whole job in one program where you can: find files, read them, compute, edit, run commands. print() what you
need to know; only printed text comes back to you. Variables stay for your next program. Look before you edit. Never
guess what a file contains.

When the output gives the answer, reply to the user in one or two plain sentences. A greeting or a general question
needs no program."""


def instructions() -> str:
    """The instructions of a session, without the dialect's own (the model adds those)."""
    return _INSTRUCTIONS.format(stubs=function_stubs().strip())


def outcome_text(outcome: ProgramOutcome) -> str:
    """What the model reads after its program has run: output, then error, then what had already taken effect."""
    parts = [outcome.output.rstrip("\n")] if outcome.output.strip() else []
    if outcome.value is not None:
        parts.append(f"Value of the last line: {outcome.value}")
    if outcome.error is not None:
        parts.append(_error_text(outcome))
    elif not parts:
        parts.append(_silence_text(outcome))
    return "\n".join(parts)


def _error_text(outcome: ProgramOutcome) -> str:
    error = outcome.error
    assert error is not None
    where = f" at line {error.line}" if error.line is not None else ""
    lines = [f"The program failed ({error.kind} error{where}): {error.message}"]
    if error.excerpt:
        lines.append(error.excerpt)
    if outcome.effects:
        lines.append("Already done before the error: " + "; ".join(outcome.effects))
    lines.append("Write a corrected program; do not repeat the failed one." + _REMEDIES.get(error.kind, ""))
    return "\n".join(lines)


def _silence_text(outcome: ProgramOutcome) -> str:
    if outcome.effects:
        return "Done: " + "; ".join(outcome.effects) + ". Nothing was printed."
    return "The program ran, but printed nothing. print() the result that you need."


_REMEDIES = {
    "limit": " Take a smaller step.",
    "type": " Nothing has run yet.",
    "syntax": " Nothing has run yet.",
}
