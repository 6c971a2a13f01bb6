"""MCP servers in a session: real ones, called from real programs."""

import time

import anyio
import pytest

from punie_acp.codemode.events import CallType
from punie_acp.mcp_servers.config import HttpServer, StdioServer
from tests.mcp_servers.conftest import alive, bench

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def pids(marks, manner="stdio"):
    """The processes that have started, by the words they left."""
    return [int(mark.name.split("-")[1]) for mark in marks.glob(f"{manner}-*")]


async def until(condition, seconds=5.0):
    with anyio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - another process has no event
            await anyio.sleep(0.02)


async def test_programs_call_its_tools_with_typed_values(project, stdio):
    async with bench(project, stdio()) as at:
        outcome, seen = await at.run(
            "sky = test_forecast('Bern', days=2, unit='F')\n"
            "print(sky['city'], [day['high'] for day in sky['days']])\n"
            "print(test_numbers(3), test_order([{'article': 'ink', 'count': 2}], express=True))\n"
            "print(test_picture())"
        )
        assert outcome.error is None
        assert outcome.output == (
            "Bern [69.0, 69.0]\n[0, 1, 2] 2 things, express=True\nSunset\n[image, image/png, 20 bytes]\n"
        )
        forecast, numbers, _, _ = seen.requests
        assert (forecast.type, forecast.kind, forecast.function) == (CallType.SHELL, "fetch", "test.forecast")
        assert forecast.title == 'test: forecast(city="Bern", days=2, unit="F")'
        assert forecast.raw_input == {"city": "Bern", "days": 2, "unit": "F"}
        assert (forecast.command, forecast.locations) == (None, ())
        assert numbers.kind == "other"
        assert seen.finishes[0].raw_output["city"] == "Bern"
        assert outcome.effects[1] == "test: numbers(count=3)"


WRONG = [
    ("test_forecast(7)", "test_forecast takes city, days, unit"),
    ("test_forecast('Bern', unit='K')", "test_forecast takes city, days, unit"),
    ("test_forecast('Bern', when='now')", "test_forecast takes city, days, unit"),
    ("test_order('ink')", "test_order takes items, express"),
    ("test_order([{'count': 2}])", "Missing required key 'article'"),
    ("test_forecast('Bern').city", "write ['city'] instead of .city"),
    ("test_forcast('Bern')", "did you mean 'test_forecast'?"),
]


async def test_a_wrong_argument_is_found_before_the_program_runs(project, stdio):
    async with bench(project, stdio()) as at:
        for code, part in WRONG:
            outcome, seen = await at.run(f"print('begun')\n{code}")
            assert outcome.error is not None, code
            assert (outcome.error.kind, outcome.error.line, outcome.output) == ("type", 2, ""), code
            assert part in outcome.error.message
            assert seen.requests == []


async def test_dicts_that_a_program_builds_up_pass_the_check(project, stdio):
    async with bench(project, stdio()) as at:
        outcome, _ = await at.run(
            "items = []\nfor name in ('ink', 'pen'):\n    items.append({'article': name, 'count': 2})\n"
            "one = {'article': 'paper'}\nprint(test_order(items), test_order([one]))"
        )
        assert outcome.error is None
        assert outcome.output == "4 things, express=None 1 things, express=None\n"


async def test_a_tools_error_and_a_refusal_are_raised_in_the_program(project, stdio):
    async with bench(project, stdio()) as at:
        code = "try:\n    test_fail('out of ink')\nexcept {} as error:\n    print(error)"
        outcome, seen = await at.run(code.format("RuntimeError"))
        assert "out of ink" in outcome.output
        assert [finish.status for finish in seen.finishes] == ["failed"]

        outcome, seen = await at.run(code.format("PermissionError"), refuses="test.fail")
        assert outcome.output == "the user refused\n"
        assert [finish.status for finish in seen.finishes] == ["refused"]


async def test_what_is_no_json_is_refused_before_anybody_is_asked(project, stdio):
    async with bench(project, stdio()) as at:
        outcome, seen = await at.run("values = [len]\ntest_order(values[0:1])")
        assert outcome.error is not None
        assert seen.finishes == []


async def test_progress_is_shown_while_a_call_runs(project, stdio):
    async with bench(project, stdio()) as at:
        _, seen = await at.run("test_wait(0.2)")
        assert [progress.output for progress in seen.progress] == ["half way\n"]


async def test_cancelling_a_turn_cancels_the_call_at_the_server(project, stdio, marks):
    async with bench(project, stdio()) as at:
        async with anyio.create_task_group() as turn:
            turn.start_soon(at.run, "test_wait(30)")
            await until((marks / "waiting").exists)
            turn.cancel_scope.cancel()
        await until((marks / "cancelled").exists)
        outcome, _ = await at.run("print(test_numbers(1))")
        assert outcome.output == "[0]\n"


async def test_a_call_that_takes_too_long_ends_with_a_timeout(project, stdio):
    async with bench(project, stdio(), call_seconds=0.3) as at:
        outcome, _ = await at.run("try:\n    test_wait(30)\nexcept TimeoutError as error:\n    print(error)")
        assert outcome.output == "test: wait did not answer within 0.3 s\n"


async def test_new_tools_are_there_for_the_next_program(project, stdio):
    async with bench(project, stdio()) as at:
        await at.run("test_learn('sing')")
        await until(lambda: "test_sing" in at.sandbox.extra.by_name)
        outcome, _ = await at.run("print(test_sing())")
        assert outcome.output == "I am sing\n"


async def test_a_server_that_dies_mid_call_says_so_and_is_started_again_at_the_next_turn(project, stdio, marks):
    async with bench(project, stdio()) as at:
        outcome, _ = await at.run("try:\n    test_die()\nexcept RuntimeError as error:\n    print(error)")
        ended = "The MCP server 'test' ended: exit code 3; it said: no more strength."
        assert outcome.output == f"{ended}\n"
        await until(lambda: not at.sandbox.extra.functions)
        assert at.servers.status() == [f"test: {ended}"]

        await at.servers.ready()
        assert at.servers.news() == [f"{ended} It is being started again."]
        await until(lambda: at.sandbox.extra.functions, 20)
        outcome, _ = await at.run("print(test_numbers(1))")
        assert outcome.output == "[0]\n"
        assert len(await pids(marks)) == 2


async def test_one_that_does_not_start_costs_nothing_else(project, stdio):
    missing = StdioServer("missing", "/no/such/program")
    unreachable = HttpServer("web", "http://127.0.0.1:9/mcp")
    began = time.monotonic()
    async with bench(project, missing, stdio("broken", name="broken"), unreachable, stdio()) as at:
        assert time.monotonic() - began < 30
        news = at.servers.news()
        assert news[0] == "The MCP server 'missing' did not start: there is no program '/no/such/program'."
        assert news[1] == ("The MCP server 'broken' did not start: exit code 3; it said: cannot open the database.")
        assert news[2].startswith("The MCP server 'web' did not start: ")
        assert len(news) == 3
        assert at.servers.news() == []
        assert at.servers.status()[3] == "test: ready, 10 tools"
        outcome, _ = await at.run("print(test_numbers(1))")
        assert outcome.output == "[0]\n"


async def test_a_silent_one_holds_up_the_first_turn_only_so_long(project, stdio, marks):
    async with bench(project, stdio("silent"), start_seconds=0.5) as at:
        assert at.servers.news() == ["The MCP server 'test' is still starting; its tools come when it is there."]
        began = time.monotonic()
        await at.servers.ready()
        assert time.monotonic() - began < 0.3
        await until(lambda: list(marks.glob("silent-*")))
        began = time.monotonic()
    assert time.monotonic() - began < 2.5
    assert not any(alive(pid) for pid in await pids(marks, "silent"))


async def test_nothing_is_left_of_it_when_the_session_ends(project, stdio, marks):
    async with bench(project, stdio()) as at:
        outcome, _ = await at.run("print(test_leave_a_child())")
        running = [int(outcome.output), *await pids(marks)]
        assert all(alive(pid) for pid in running)
        began = time.monotonic()
    assert time.monotonic() - began < 2.5
    assert not any(alive(pid) for pid in running)


async def test_it_gets_the_clients_variables_and_no_secret_of_ours(project, stdio, monkeypatch):
    monkeypatch.setenv("SOME_API_TOKEN", "ours")
    monkeypatch.setenv("DATABASE", "postgres://me:hidden@host/db")
    monkeypatch.setenv("PLAIN", "plain")
    async with bench(project, stdio(GIVEN_TOKEN="given")) as at:
        names = ("GIVEN_TOKEN", "PLAIN", "SOME_API_TOKEN", "DATABASE")
        outcome, _ = await at.run("\n".join(f"print(test_environment({name!r}))" for name in names))
        assert outcome.output.split("\n") == ["given", "plain", "(not set)", "(not set)", ""]


async def test_what_a_server_prints_is_no_harm(project, stdio):
    async with bench(project, stdio("chatty")) as at:
        outcome, _ = await at.run("print(test_numbers(1))")
        assert outcome.output == "[0]\n"


async def test_what_it_writes_to_standard_error_is_logged(project, stdio):
    async with bench(project, stdio("broken")) as at:
        assert ("mcp server said", {"server": "test", "line": "cannot open the database"}) in at.log


async def test_over_http_and_sse_it_is_the_same(project, web):
    server, marks = web
    async with bench(project, server) as at:
        assert at.servers.news() == []
        outcome, seen = await at.run("print(web_forecast('Bern')['city'], web_numbers(2))")
        assert outcome.output == "Bern [0, 1]\n"
        assert seen.requests[0].function == "web.forecast"
        (marks / "waiting").unlink(missing_ok=True)
        (marks / "cancelled").unlink(missing_ok=True)
        async with anyio.create_task_group() as turn:
            turn.start_soon(at.run, "web_wait(30)")
            await until((marks / "waiting").exists)
            turn.cancel_scope.cancel()
        await until((marks / "cancelled").exists)
        began = time.monotonic()
    assert time.monotonic() - began < 2.5
