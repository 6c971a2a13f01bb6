"""What a model is told of its program beside how it ended: why it was not run, what it left undone, how to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.agent.cut import is_cut, why_cut
from punie_acp.agent.fences import fenced
from punie_acp.agent.instructions import (
    ANSWER_NOW,
    SAME_AGAIN,
    SMALLER_STEP,
    has_failed,
    next_step,
    still_to_run,
)
from punie_acp.agent.needless import (
    ANSWERS,
    IDLE,
    NONE_FOUND,
    OWN_WORDS,
    answer_of,
    first_look,
    found_none,
    has_own_words,
    is_answer,
    is_idle,
    is_plain_value,
    is_short_line,
)
from punie_acp.agent.saving import ONLY_DEFINES, only_defines, renaming, unsaved
from punie_acp.codemode.tablehints import entries_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_ai.messages import ModelMessage

    from punie_acp.agent.turn import Turn
    from punie_acp.codemode.events import ProgramOutcome
    from punie_acp.codemode.tablehints import TableHint


def afterwards(turn: Turn, code: str, outcome: ProgramOutcome, hint: TableHint, *, same_again: bool) -> list[str]:
    """What the model is told after what a program has printed: what it left undone, and how to go on."""
    is_program = turn.writes_programs
    look = [_first_step(turn)] if is_program else []
    guessed = [OWN_WORDS] if is_program and has_own_words(code) else []
    kept = [] if outcome.effects else _unsaved(turn, code)
    if hint.program:
        return [*guessed, f"Instead:\n{fenced(hint.program, 'python')}", *kept]
    if same_again:
        return [*guessed, SAME_AGAIN, *(kept or look)]
    if guessed and (turn.to_look_at or turn.is_left_to_run) and not turn.external_calls:
        return [*guessed, *look]
    if not outcome.error and (outcome.output.strip() or outcome.effects):
        return [*guessed, *_after_output(turn, outcome, kept)]
    if is_program and turn.failures > 1:
        return [*guessed, SMALLER_STEP, *kept]
    return [*guessed, *(kept or (look if turn.astray > 1 and not outcome.error else []))]


def _after_output(turn: Turn, outcome: ProgramOutcome, kept: list[str]) -> list[str]:
    """What is told after a program that has printed or changed something; `kept` is what it kept to itself."""
    if found_none(outcome):
        return [NONE_FOUND]
    named = [] if outcome.effects else entries_named(outcome.output, turn.request.question, turn.request.tables)
    left = still_to_run(turn.to_run, is_program=turn.writes_programs) if turn.is_left_to_run else ""
    return [next_step(turn.request.question, outcome.failed, left), *named, *kept]


def _first_step(turn: Turn) -> str:
    """What to begin with: the command that is to be run, or a look at what the prompt is about."""
    if turn.is_left_to_run:
        return still_to_run(turn.to_run, is_program=True)
    if named := turn.functions_named:
        return f"Begin with a call of {', '.join(f'{one.name}({one.parameters})' for one in named)}."
    return first_look(turn.to_look_at)


def _unsaved(turn: Turn, code: str) -> list[str]:
    """What is to be put into a file; nothing, where nothing is to be changed."""
    kept = [] if turn.request.wanted == "answer" else unsaved(code, turn.request.code, turn.request.question)
    is_renamed = kept and turn.request.wanted == "rename"
    return (renaming(turn.request.code.values(), turn.request.question) if is_renamed else []) or kept


def objection(turn: Turn, code: str, form: str, messages: Sequence[ModelMessage]) -> str | None:
    """Why a program of this normal form is not even begun, for the model and the user to read.

    `messages` is the conversation up to the program.
    """
    what = "program" if turn.writes_programs else "call"
    if is_cut(messages):
        why = why_cut(messages, turn.settings)
        return f"The {what} did not run: it was cut. {why} Write a shorter one, or split the work."
    useless = _useless(turn, code) if turn.writes_programs else None
    if useless is not None:
        return useless
    if form in turn.failed_programs:
        turn.repeats += 1
        return f"The {what} did not run: it is the one that failed before, word for word. Write a different one."
    return _repeated(turn, form, what) if form in {turn.last_program, turn.last_change} else None


def _repeated(turn: Turn, form: str, what: str) -> str:
    """What is said of a program of this form that has run before, and nothing has changed since."""
    if turn.astray and form != turn.last_change:
        turn.repeats += 1
        return f"The {what} did not run again: it has found nothing, and nothing has changed. Write a different one."
    if turn.failed_command and form == turn.last_change:
        turn.repeats += 1
        return f"The {what} did not run again: {has_failed(turn.failed_command)}. Write one that mends that."
    if turn.is_left_to_run:
        return f"The {what} did not run again. {still_to_run(turn.to_run, is_program=turn.writes_programs)}"
    turn.answer_now = True
    if form != turn.last_program:
        turn.last_program, turn.last_result = turn.last_change, turn.change_result
    elif turn.request.wanted == "answer" and is_short_line(turn.last_output):
        turn.answer = turn.last_output
    return f"The {what} did not run again: it would print the same. {ANSWER_NOW}"


def _useless(turn: Turn, code: str) -> str | None:
    """That a program has nothing to run, and how to go on."""
    is_name, does_nothing = is_answer(code, turn.request.code), is_idle(code)
    is_for_answer = is_name and turn.request.wanted not in {"change", "rename"}
    if is_for_answer or (turn.needs_nothing and is_plain_value(code)):
        turn.answer = answer_of(code)
        return ANSWERS
    if does_nothing and turn.is_left_to_run:
        return None  # it becomes the program that runs it
    if is_name or does_nothing:
        turn.answer_now = bool(turn.last_result) and not turn.astray
        turn.was_idle = not turn.answer_now
        turn.astray += turn.was_idle
        return f"{IDLE} {ANSWER_NOW}" if turn.answer_now else f"{IDLE} {_first_step(turn)}"
    kept = _unsaved(turn, code) if only_defines(turn.with_saving(code)) else []
    turn.astray += bool(kept)
    return "\n".join([*kept, ONLY_DEFINES]) if kept else None
