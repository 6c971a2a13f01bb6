"""What a model is told of a program that did not do what it was asked for."""

import pytest
from pydantic_ai.models.test import TestModel

from punie_acp.agent.feedback import afterwards, objection
from punie_acp.agent.request import TurnRequest
from punie_acp.agent.turn import Turn
from punie_acp.codemode.events import ProgramOutcome
from punie_acp.codemode.extra import ExtraFunction, ExtraFunctions
from punie_acp.codemode.tablehints import TableHint
from punie_acp.settings import Settings

RUN = "Still to be done:\n```python\nprint(run_command('pytest -q').stdout)\n```"
LOOK = 'Begin with:\n```python\nprint(list_files("**/*"))\n```'


def plan(args, kwargs):
    raise NotImplementedError


EXTRA = ExtraFunctions((ExtraFunction("weather_at", "def weather_at(place: str) -> float: ...", plan),))


class Sandbox:
    extra = EXTRA


def turn_of(question, **facts):
    request = TurnRequest(question, "t1", TestModel(), (), "key", question=question, **facts)
    return Turn(request, Sandbox(), None, Settings())


def told_after(turn, code, **outcome):
    return "\n".join(afterwards(turn, code, ProgramOutcome(**outcome), TableHint(), same_again=False))


def test_the_command_that_a_prompt_begins_with_is_what_to_begin_with():
    turn = turn_of("Run pytest -q. How many pass?", to_run="pytest -q")
    assert objection(turn, "['a.py']", "", ()) is None
    assert turn.with_running("['a.py']") == "print(run_command('pytest -q').stdout)"
    assert turn.with_running("print(1)") == "print(1)\n\nprint(run_command('pytest -q').stdout)"
    assert RUN in told_after(turn, "print('19 pass')", output="19 pass\n")
    assert RUN in told_after(turn, "print(2025 * 0.45)", output="911.25\n")


def test_it_is_not_named_once_it_has_run():
    turn = turn_of("Run pytest -q. How many pass?", to_run="pytest -q")
    turn.note_outcome(ProgramOutcome(output="19 passed\n", effects=("Run pytest -q",)))
    assert "Still to be done" not in told_after(turn, "print(1)", output="1\n")


@pytest.mark.parametrize(
    "question",
    ["Write a test of it. Then run pytest -q.", "Run through a.py, then run pytest -q.", "What is in the folder?"],
)
def test_another_prompt_begins_with_a_look(question):
    turn = turn_of(question, to_run="pytest -q")
    assert LOOK in objection(turn, "['a.py']", "", ())
    assert turn.with_running("print(1)") == "print(1)"
    assert RUN not in told_after(turn, "print(1)", output="1\n")


def repeated(question, output, wanted="answer"):
    turn = turn_of(question, wanted=wanted)
    turn.last_program, turn.last_output, turn.last_result = "p", output, "told"
    assert "it would print the same" in objection(turn, "p", "p", ())
    return turn


def test_a_short_output_is_the_answer_of_who_only_repeats_the_program():
    assert repeated("How many are there?", "4").answer == "4"


@pytest.mark.parametrize("output", ["", "a\nb", "a" * 201])
def test_a_long_output_is_to_be_put_into_words(output):
    turn = repeated("How many are there?", output)
    assert turn.answer == ""
    assert turn.answer_now


def test_whatever_a_change_printed_is_to_be_put_into_words():
    assert repeated("Make it four.", "4", "change").answer == ""


def test_the_second_program_without_anything_to_run_is_a_look():
    turn = turn_of("What is in a.py?", named=("a.py",))
    assert turn.instead_of("") == ""
    assert "Begin with" in objection(turn, "", "", ())
    assert turn.instead_of("['b.py']") == "print(read_file('a.py'))"
    assert turn.instead_of("print(2)") == "print(2)"


def test_who_is_to_call_a_function_of_the_session_begins_with_that():
    turn = turn_of("What does weather_at give for Kiel?", wanted="answer")
    assert "Begin with a call of weather_at(place)." in objection(turn, "", "", ())
    assert turn.instead_of("") == ""
    assert not turn.needs_nothing
    assert turn_of("What is the weather?", wanted="answer").needs_nothing
