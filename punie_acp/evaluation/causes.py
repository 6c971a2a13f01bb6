"""Why a task failed: one cause each, the first of these that applies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from punie_acp.evaluation.transcript import Item, Transcript

Cause = Literal[
    "agent failed",  # no end of the turn: the process died, the model could not run, the time was far over
    "repeated program",  # one that had failed, or had just run, was written again
    "limit",  # of requests, calls, tokens or time
    "malformed call",  # the last call could not be read, or its program was not Python
    "no call",  # it answered a question about the project without having looked
    "type error",  # the last program was refused by the check
    "sandbox refusal",  # the last program needed what the sandbox does not give
    "wrong answer from right output",  # what it was shown has what the answer lacks
    "wrong logic",  # everything else
]
CAUSES: tuple[Cause, ...] = get_args(Cause)

REPEATED = ("word for word", "did not run again")
"""In the reason that the agent gives for a program that it does not run once more: it had failed, or had just run."""
_NOT_GIVEN = (
    "ModuleNotFoundError",
    "NotImplementedError",
    "ImportError",
    "PermissionError",
    "not available",
    "sandbox",
)


def cause_of(transcript: Transcript, *, stop_reason: str, category: str, output_would_do: bool) -> Cause:
    """The cause of a failure.

    `output_would_do`: the checks hold when what the model was shown is taken for its answer.
    """
    acted = bool(transcript.calls or transcript.programs)
    found: tuple[tuple[bool, Cause], ...] = (
        (not stop_reason, "agent failed"),
        (_repeats(transcript), "repeated program"),
        (stop_reason in ("max_tokens", "max_turn_requests", "cancelled"), "limit"),
        (stop_reason == "refusal", "malformed call"),
        (not acted and category != "direct", "no call"),
    )
    last = transcript.programs[-1] if transcript.programs else None
    rest: Cause = "wrong answer from right output" if acted and output_would_do else "wrong logic"
    if last is not None and (fault := _fault(last)) is not None:
        rest = fault
    first: list[Cause] = [cause for applies, cause in found if applies]
    return first[0] if first else rest


def _fault(program: Item) -> Cause | None:
    """What is the matter with the last program, if that is what the task failed of."""
    if program.was_dropped or program.error_kind == "syntax":
        return "malformed call"
    if program.error_kind == "type":
        return "type error"
    if program.error_kind in ("limit", "crash") or any(word in program.error_message for word in _NOT_GIVEN):
        return "sandbox refusal"
    return None


def _repeats(transcript: Transcript) -> bool:
    """Whether a program that failed was written again as it was; of calls that no program made, the same."""
    failed: set[str] = set()
    programs = {program.id for program in transcript.programs}
    for item in (*transcript.programs, *(call for call in transcript.calls if call.parent not in programs)):
        if item.was_dropped and any(words in text for words in REPEATED for text in item.texts):
            return True
        said = item.code.strip() or f"{item.function} {sorted(item.raw_input.items(), key=str)}"
        if said in failed:
            return True
        if item.status == "failed" and not (item.is_program and not item.code):
            failed.add(said)
    return False
