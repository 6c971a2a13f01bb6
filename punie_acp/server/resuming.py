"""Going on with a turn that the end of a process has interrupted: the user is asked, and the program runs on.

A session that is opened again asks by itself. Where nobody answered, the program waits, and `/continue` asks again. A
prompt for the model takes the question back, and gives the program up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from acp import schema

from punie_acp.codemode.events import CallType
from punie_acp.codemode.surviving.going_on import GoingOn
from punie_acp.codemode.surviving.kept import Unreadable
from punie_acp.protocol.errors import RpcError
from punie_acp.server.interrupted import find_interrupted, looked_at
from punie_acp.server.replay import CUT_TURN, ends_of, message_chunk, waiting_turn
from punie_acp.server.transcript import Transcript

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from punie_acp.codemode.surviving.kept import KeptCall, PausedProgram
    from punie_acp.server.interrupted import Interrupted
    from punie_acp.server.session import Session

Choice = Literal["go_on", "run_again", "has_happened", "leave_out", "stop"]


@dataclass(frozen=True, slots=True)
class Resumption:
    """How an interrupted turn goes on."""

    interrupted: Interrupted
    going_on: GoingOn
    granted: Collection[str]  # the ids of the calls that the user has had made again


async def offer(session: Session) -> None:
    """Ask, after a session was opened again, whether its interrupted program is to go on; and go on with it."""
    turn = waiting_turn(session.services.store, session.session_id)
    if turn is None:
        return
    await session.background.imported.wait()
    try:
        interrupted = find_interrupted(session)
    except Unreadable as reason:
        await give_up(session)
        await _say(session, turn, f"{CUT_TURN} It cannot go on: {reason}.")
        return
    hint = f"{CUT_TURN} `/continue` goes on with its program {interrupted.line}."
    answer = await session.while_unprompted(
        lambda: ask(session, interrupted), lambda: _say(session, interrupted.turn, hint)
    )
    if isinstance(answer, Resumption):
        await session.in_turn(lambda: _go_on_unasked(session, answer))
    elif answer == "stop":
        await give_up(session)
        await _say(session, interrupted.turn, CUT_TURN)


async def continue_interrupted(session: Session, _argument: str) -> str:
    """`/continue`: ask again, and go on. What there is to say at the end."""
    try:
        interrupted = find_interrupted(session)
    except Unreadable:
        return "There is no interrupted program to go on with."
    choices = await ask(session, interrupted)
    if choices is None:
        return "It does not go on: the question was not answered."
    if not isinstance(choices, Resumption):
        await give_up(session)
        return "It does not go on."
    await go_on(session, choices)
    return ""


async def go_on(session: Session, resumption: Resumption) -> None:
    """Run the interrupted turn from its program's pause to its end. Raises `RpcError`; the store's errors pass."""
    from punie_acp.server.turn import Turn

    number = resumption.interrupted.turn
    transcript = Transcript(session, number)
    transcript.reopen()
    session.last_turn = number
    try:
        await Turn(session, number, transcript, resumption=resumption).run(None)
    except Exception as error:
        transcript.fail(error.message if isinstance(error, RpcError) else type(error).__name__)
        transcript.end(None)
        raise
    except BaseException:
        transcript.end("cancelled")
        raise


async def _go_on_unasked(session: Session, resumption: Resumption) -> None:
    """As `go_on`, where no prompt waits for the end. A prompt that was quicker has given the program up."""
    if session.services.store.snapshot(session.session_id) is None:
        return
    try:
        await go_on(session, resumption)
    except RpcError as error:
        await _say(session, resumption.interrupted.turn, f"The turn failed: {error.message}")


async def give_up(session: Session) -> None:
    """Go on with no program of `session` any more, and end its open calls. Does nothing where there is none."""
    store = session.services.store
    turn = waiting_turn(store, session.session_id)
    store.drop_snapshots(session.session_id)
    if turn is not None:
        for update in ends_of(store, session.session_id, turn):
            await session.tell(update | {"sessionUpdate": "tool_call_update"})


async def _say(session: Session, turn: int, text: str) -> None:
    await session.tell(message_chunk(f"t{turn}/interrupted", text))


# The questions.


@dataclass(slots=True)
class _Answers:
    again: list[str] = field(default_factory=list[str])  # ids of calls
    left_out: list[str] = field(default_factory=list[str])  # likewise
    happened: list[KeptCall] = field(default_factory=list["KeptCall"])


async def ask(session: Session, interrupted: Interrupted) -> Resumption | Literal["stop"] | None:
    """How the user wants the turn to go on; None where nobody answered.

    Of each call of which it is not known whether it has happened, whether it is to be made again; where there is none,
    whether the program is to go on.
    """
    paused = await looked_at(interrupted.paused, session.workspace)
    doubtful = [call for call in paused.pending if call.in_doubt]
    answers = _Answers()
    for question in [_question_of(session, paused, call) for call in doubtful] or [_question(session, interrupted)]:
        chosen = await session.request_choice(question.request)
        if chosen not in question.choices:
            return None
        if chosen == "stop":
            return "stop"
        _note(answers, chosen, question.call)
    paused = paused.with_calls(answers.happened)
    return Resumption(interrupted, GoingOn(paused, answers.left_out), answers.again)


def _note(answers: _Answers, chosen: str | None, call: KeptCall | None) -> None:
    if call is None:
        return
    if chosen == "run_again":
        answers.again.append(call.call_id)
    elif chosen == "has_happened":
        answers.happened.append(call.as_happened())
    else:
        answers.left_out.append(call.call_id)


@dataclass(frozen=True, slots=True)
class _Question:
    request: schema.RequestPermissionRequest
    choices: Collection[str]
    call: KeptCall | None = None


_GO_ON: Sequence[tuple[Choice, str, str]] = (
    ("go_on", "allow_once", "Go on"),
    ("stop", "reject_once", "Leave it as it is"),
)
_AGAIN: tuple[Choice, str, str] = ("run_again", "allow_once", "Run it again, and go on")
_HAPPENED: tuple[Choice, str, str] = ("has_happened", "allow_once", "It has happened: go on without it")
_LEFT_OUT: tuple[Choice, str, str] = ("leave_out", "reject_once", "Do not run it again; the program gets an error")
_STOP: tuple[Choice, str, str] = ("stop", "reject_once", "End the program here")


def _question(session: Session, interrupted: Interrupted) -> _Question:
    paused = interrupted.paused
    why = f"The agent was ended while a program of this session ran. It can go on {interrupted.line}:"
    return _asking(session, paused, "Go on with the interrupted program?", why, paused.call.line, _GO_ON)


def _question_of(session: Session, paused: PausedProgram, call: KeptCall) -> _Question:
    is_write = call.type is CallType.WRITE
    options = (_AGAIN, _HAPPENED if is_write else _LEFT_OUT, _STOP)
    why = "The agent was ended while this ran. It is not known whether it ended, or how far it came:"
    shown = call.command or call.title
    asked = _asking(session, paused, f"Run it again? {shown}", why, call.line, options, call.call_id)
    return _Question(asked.request, asked.choices, call)


def _asking(
    session: Session,
    paused: PausedProgram,
    title: str,
    why: str,
    line: int | None,
    options: Sequence[tuple[Choice, str, str]],
    shown_at: str | None = None,
) -> _Question:
    content: list[schema.ContentToolCallContent] = [_text(why), _text(_excerpt(paused.program.code, line))]
    request = schema.RequestPermissionRequest(
        session_id=session.session_id,
        tool_call=schema.ToolCallUpdate(
            tool_call_id=shown_at or paused.program.program_id, title=title, content=[*content]
        ),
        options=[
            schema.PermissionOption.model_validate({"optionId": choice, "kind": kind, "name": name})
            for choice, kind, name in options
        ],
    )
    return _Question(request, [choice for choice, _, _ in options])


def _excerpt(code: str, line: int | None) -> str:
    """The program, or the lines of it around the one at which it goes on."""
    lines = code.splitlines()
    first = max(0, (line or 1) - 4)
    part = lines[first : first + 8]
    marked = [f"{'→' if number == line else ' '} {text}" for number, text in enumerate(part, first + 1)]
    return "```python\n" + "\n".join(marked) + "\n```"


def _text(text: str) -> schema.ContentToolCallContent:
    return schema.ContentToolCallContent(type="content", content=schema.TextContentBlock(type="text", text=text))
