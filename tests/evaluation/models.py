"""Models that know the suite, for runs of the whole product: `import:tests.evaluation.models:reference_model`."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from punie_acp.evaluation.suites import load_suite
from tests.scripted import Response, ScriptedModel, _last_prompt, default_delay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_ai.messages import ModelMessage

    from punie_acp.evaluation.tasks import Task


def reference_model() -> ScriptedModel:
    """Solves each task of the mission by its reference solution."""
    return ScriptedModel(_by_reference, name="reference")


def null_model() -> ScriptedModel:
    """Says that it has done everything, and has looked at nothing."""
    return ScriptedModel(lambda _: Response((("text", "Done."),)), name="null")


def failing_model() -> ScriptedModel:
    """Writes the same wrong program again and again, for each task."""
    return ScriptedModel(lambda _: Response((("code", "print(1 / 0)"),)), name="failing")


@cache
def _tasks() -> dict[str, Task]:
    return {task.prompt: task for task in load_suite("mission")[1]}


def _by_reference(messages: Sequence[ModelMessage]) -> Response:
    prompt, results = _last_prompt(messages)
    task = _tasks()[prompt]
    if task.program and not results:
        return Response((("code", task.program.strip()),), delay=default_delay())
    output = results[-1].strip() if results else ""
    return Response((("text", task.answer.replace("{output}", output)),), delay=default_delay())


def dying_model() -> ScriptedModel:
    """Takes the agent's process down in one of the tasks; solves the others."""
    return ScriptedModel(_dying, name="dying")


def _dying(messages: Sequence[ModelMessage]) -> Response:
    if "EXPRESS_FACTOR" in _last_prompt(messages)[0]:
        os._exit(3)
    return _by_reference(messages)
