"""Models that know the suite, for runs of the whole product: `import:tests.evaluation.models:reference_model`."""

from __future__ import annotations

import fcntl
import os
import time
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from punie_acp.agent.models import ModelUnavailableError
from punie_acp.evaluation.suites import load_suite
from tests.scripted import Response, ScriptedModel, _last_prompt, default_delay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def waiting_model() -> ScriptedModel:
    """Locks the file that PUNIE_TEST_LOCK names, which it holds while its process is there, and waits in one task."""
    return ScriptedModel(_waiting, name="waiting")


def _waiting(messages: Sequence[ModelMessage]) -> Response:
    if "EXPRESS_FACTOR" not in _last_prompt(messages)[0]:
        return _by_reference(messages)
    fcntl.flock(_lock_file(), fcntl.LOCK_EX)
    Path(os.environ["PUNIE_TEST_LOCK"]).write_text("waiting")
    return Response((("text", "at last"),), delay=600)


def meeting_model() -> ScriptedModel:
    """Solves its first task when two processes have begun one, each of which leaves a file in PUNIE_TEST_MEETING."""
    return ScriptedModel(_meeting, name="meeting")


def _meeting(messages: Sequence[ModelMessage]) -> Response:
    folder = Path(os.environ["PUNIE_TEST_MEETING"])
    (folder / str(os.getpid())).touch()
    _wait_until(lambda: len(list(folder.iterdir())) == 2)
    return _by_reference(messages)


def only_one_model() -> ScriptedModel:
    """Cannot be had by a second process while a first has it, which works on no task before the second has tried."""
    try:
        fcntl.flock(_lock_file(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        Path(os.environ["PUNIE_TEST_LOCK"]).write_text("tried")
        raise ModelUnavailableError("there is one of it already") from None
    return ScriptedModel(_after_a_second, name="only one")


def _after_a_second(messages: Sequence[ModelMessage]) -> Response:
    _wait_until(lambda: Path(os.environ["PUNIE_TEST_LOCK"]).read_text() == "tried")
    return _by_reference(messages)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("nobody else has come")
        time.sleep(0.01)


@cache
def _lock_file() -> IO[str]:
    return Path(os.environ["PUNIE_TEST_LOCK"]).open("a")


def stubborn_model() -> ScriptedModel:
    """In a suite that tells what is wrong: says no answer, then a wrong one, then the right one, or never that."""
    return ScriptedModel(_stubborn, name="stubborn")


def _stubborn(messages: Sequence[ModelMessage]) -> Response:
    prompt, results = _last_prompt(messages)
    if "second page" in prompt:
        program = "tools_turn_page()\nprint(tools_turn_page())"
        return _answered(results) if results else Response((("code", program),))
    if "smallest" in prompt:
        program = "numbers = [31, 7, 12]\nprint(tools_least(*numbers))"
        return Response((("text", f"It is {results[-1].strip()}."),)) if results else Response((("code", program),))
    if "is incorrect" in prompt and "smallest" in str(messages):
        return Response((("text", "Answer: 7"),))
    return Response((("text", "Answer: 8"),))


def _answered(results: Sequence[str]) -> Response:
    return Response((("text", f"Answer: {results[-1].strip()}"),))


def _dying(messages: Sequence[ModelMessage]) -> Response:
    if "EXPRESS_FACTOR" in _last_prompt(messages)[0]:
        os._exit(3)
    return _by_reference(messages)


def calling_model() -> ScriptedModel:
    """In a suite of functions: does all that the first task asks for, half of the second, both turns of the third."""
    return ScriptedModel(_calling, name="calling")


_CALLS = {
    "Play Nina Simone for 20": "for artist, minutes in ('Nina Simone', 20), ('Björk', 2.5):\n"
    "    print(tools_music_play(artist, minutes=minutes))",
    "Play Nina Simone if": "print(tools_rain(city='Bern'))",
    "What is in a.txt?": "print(tools_cat('a.txt')['content'])",
    "Write that into b.txt": "tools_echo('b.txt', 'hello')",
}


def _calling(messages: Sequence[ModelMessage]) -> Response:
    prompt, results = _last_prompt(messages)
    if results:
        return Response((("text", "Done."),))
    return Response((("code", next(program for words, program in _CALLS.items() if words in prompt)),))
