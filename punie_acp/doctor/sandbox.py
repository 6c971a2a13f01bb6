"""A check of the sandbox: a program pauses at a call, is answered, and goes on."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from punie_acp.doctor.findings import Finding, failure, ok

if TYPE_CHECKING:
    from punie_acp.settings import Settings

PROGRAM = "sum([ask(number) for number in range(3)])"
REMEDY = "Install punie-acp again in a fresh environment: pydantic-monty and its runtime must have the same version."


def check_monty(_settings: Settings) -> list[Finding]:
    """Run a program with three external calls."""
    from pydantic_monty import FunctionSnapshot, Monty, MontyComplete

    with Monty(request_timeout=20) as pool, pool.checkout() as session:
        state, answered = session.feed_start(PROGRAM), 0
        while isinstance(state, FunctionSnapshot):
            answered += 1
            state = state.resume({"return_value": state.args[0] * 10})
    text = f"Monty {version('pydantic-monty')}"
    if not isinstance(state, MontyComplete) or (answered, state.output) != (3, 30):
        return [failure("monty", f"{text} runs a small program wrongly", REMEDY)]
    return [ok("monty", f"{text} runs a program with {answered} external calls")]
