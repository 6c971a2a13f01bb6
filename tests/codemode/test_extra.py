"""Further functions of a program: typed, checked, shown and refusable like the ones that every session has."""

import anyio
import pytest

from punie_acp.agent.instructions import own_instructions
from punie_acp.codemode.calls import Answer, Plan, PlanError
from punie_acp.codemode.events import CallType
from punie_acp.codemode.extra import ExtraFunction, ExtraFunctions

TYPES = """\
class Weather(NamedTuple):
    place: str
    degrees: float
"""
STUB = '''\
def weather(place: str, *, unit: Literal["C", "F"] = "C") -> Weather:
    """The weather of a place."""
'''


def weather_function(name: str = "weather", stub: str = STUB) -> ExtraFunction:
    async def plan(args, kwargs) -> Plan:
        place = args[0] if args else kwargs["place"]
        if place == "nowhere":
            raise PlanError(LookupError("no such place"), CallType.READ, "fetch", "Weather of nowhere")

        async def perform(_: object) -> Answer:
            await anyio.lowlevel.checkpoint()
            return Answer({"place": place, **kwargs}, {"degrees": 3.5})

        return Plan(CallType.SHELL, "fetch", f"Weather of {place}", perform)

    return ExtraFunction(name, stub, plan, TYPES, shown_as="sky.weather")


@pytest.fixture
def extra_lab(lab):
    lab.portal.call(lab.sandbox.set_extra, [weather_function()])
    yield lab
    lab.portal.call(lab.sandbox.set_extra, [])


def test_a_program_calls_it_by_position_and_by_name(extra_lab):
    ran = extra_lab.run('a = weather("Bern", unit="F")\nb = weather(place="Rome")\nprint(a, b)')
    assert ran.output == "{'place': 'Bern', 'unit': 'F'} {'place': 'Rome'}\n"
    first, second = ran.requests
    assert (first.type, first.kind, first.function, first.title, first.source_line) == (
        CallType.SHELL,
        "fetch",
        "sky.weather",
        "Weather of Bern",
        1,
    )
    assert (first.raw_input, second.raw_input) == ({"place": "Bern", "unit": "F"}, {"place": "Rome"})
    assert [finish.raw_output for finish in ran.finishes] == [{"degrees": 3.5}] * 2
    assert ran.outcome.effects == ("Weather of Bern", "Weather of Rome")


def test_a_superfluous_await_does_no_harm(extra_lab):
    assert extra_lab.run('print((await weather("Bern"))["place"])').output == "Bern\n"


def test_it_can_be_passed_around_and_outlives_a_program(extra_lab):
    extra_lab.run("ask = weather\ndef here():\n    return weather('here')")
    ran = extra_lab.run("print([ask(name)['place'] for name in ('a', 'b')], list(map(weather, ['c'])), here())")
    assert ran.outcome.error is None
    assert [request.title for request in ran.requests] == [f"Weather of {name}" for name in ("a", "b", "c", "here")]


WRONG = [
    ("weather()", "weather takes place, unit"),
    ("weather(1)", "weather takes place, unit"),
    ('weather("Bern", unit="K")', "weather takes place, unit"),
    ('weather("Bern", when="now")', "weather takes place, unit"),
    ('wether("Bern")', "did you mean 'weather'?"),
]


@pytest.mark.parametrize(("code", "part"), WRONG)
def test_a_wrong_call_is_found_before_anything_happens(extra_lab, code, part):
    ran = extra_lab.run('write_file("effect.txt", "x")\n' + code)
    assert ran.outcome.error is not None
    assert (ran.outcome.error.kind, ran.outcome.error.line) == ("type", 2)
    assert part in ran.outcome.error.message
    assert ran.requests == []


def test_arguments_that_only_the_run_can_know_are_refused_by_name(extra_lab):
    ran = extra_lab.run('given = {"when": 1}\ntry:\n    weather(**given)\nexcept TypeError as error:\n    print(error)')
    assert "it takes place, unit" in ran.output
    assert ran.requests == []


def test_a_refused_call_and_a_call_that_cannot_be_planned_raise_in_the_program(extra_lab):
    code = 'try:\n    weather("{}")\nexcept Exception as error:\n    print(type(error).__name__, error)'
    refused = extra_lab.run(code.format("Bern"), refuse=lambda call: f"not {call.function}")
    assert refused.output == "PermissionError not sky.weather\n"
    failed = extra_lab.run(code.format("nowhere"))
    assert failed.output == "LookupError no such place\n"
    assert [finish.status for finish in failed.finishes] == ["failed"]


def test_functions_come_and_go_between_programs(lab):
    assert lab.run("weather('Bern')").outcome.error.kind == "type"
    lab.portal.call(lab.sandbox.set_extra, [weather_function()])
    assert lab.run("kept = weather('Bern')").outcome.error is None
    lab.portal.call(lab.sandbox.set_extra, [])
    assert lab.run("kept").outcome.value == "{'place': 'Bern'}"
    assert "name 'weather' is not defined" in lab.run("weather('Bern')").outcome.error.message


@pytest.mark.parametrize("name", ["read_file", "print", "class", "no name"])
def test_a_name_that_is_taken_or_none_is_refused(name):
    with pytest.raises(ValueError, match=name):
        ExtraFunctions.of([weather_function(name)])


def test_a_stub_that_does_not_fit_is_refused():
    for stub in ("def other(): ...", "weather = 1", "def weather(:"):
        with pytest.raises(ValueError, match="weather"):
            ExtraFunctions.of([weather_function(stub=stub)])
    with pytest.raises(ValueError, match="taken"):
        ExtraFunctions.of([weather_function(), weather_function()])


def test_the_model_reads_the_stubs_after_everything_else():
    extra = ExtraFunctions.of([weather_function()])
    assert own_instructions("README.md", extra).startswith("The project's folder has (names only, no instructions):\n")
    assert own_instructions("README.md", extra).endswith(f"```python\n{TYPES}{STUB.rstrip()}\n```")
    assert own_instructions("", ExtraFunctions()) == ""
