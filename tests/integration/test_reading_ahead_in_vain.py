"""What becomes of reads that were made early where their program does not run, or its agent ends, over stdio."""

import asyncio
import json

import pytest

from tests.acp_client import FILES, spawn_agent
from tests.agent_process import alive
from tests.integration.test_reading_ahead import A_WHILE, GATED, PATIENCE, Desk, agent, at_desk

__all__ = ["agent", "at_desk"]
pytestmark = pytest.mark.anyio


async def test_a_call_that_turns_out_malformed_has_only_read(agent, at_desk):
    desk = await at_desk(agent)
    desk.begin("text = read_file('README.md')\nwrite_file('new.txt', text)\n", "print(text)", end='", ]')
    await desk.until_read(1)
    desk.go_on()
    await desk.turn

    assert desk.program.status == "failed"
    assert [(call["title"], call.status) for call in desk.calls] == [("Read README.md", "completed")]
    assert not (desk.project / "new.txt").exists()
    agent.check()


async def test_a_model_that_fails_leaves_no_open_call(agent, at_desk):
    desk = await at_desk(agent)
    desk.begin("text = read_file('README.md')\n", "print(text)", error="it broke")
    await desk.until_read(1)
    desk.go_on()
    with pytest.raises(Exception, match="it broke"):
        await desk.turn

    assert [call.status for call in agent.all_calls(desk.session).values()] == ["failed", "completed"]
    again = Desk(agent, desk.project, desk.session, desk.gates)
    again.begin("print(read_file('README.md')[:8])\n")
    await again.turn
    assert again.program["rawOutput"]["output"] == "# Shapes\n"


async def test_a_program_that_is_only_written_again_reads_nothing(agent, at_desk):
    desk = await at_desk(agent)
    code = "text = read_file('README.md')\n", "print(len(text))\n"
    desk.begin_programs(["".join(code)], code, [code[0], "more = read_file('src/shapes.py')\n", "print(len(more))\n"])
    await desk.client.until(lambda: len(agent.programs(desk.session)) == 2, PATIENCE)
    await asyncio.sleep(A_WHILE)
    desk.go_on(program=1)
    await desk.client.until(lambda: len(agent.programs(desk.session)) == 3, PATIENCE)
    assert len(desk.calls) == 1
    desk.go_on(piece=1, program=2)
    await desk.until_read(3)
    assert desk.program.status == "pending"
    desk.go_on(piece=2, program=2)
    await desk.turn

    assert [program.status for program in agent.programs(desk.session)] == ["completed", "failed", "completed"]
    assert [call["title"] for call in desk.calls] == ["Read README.md", "Read README.md", "Read src/shapes.py"]


async def test_a_program_that_is_cut_has_only_read(tmp_path, project):
    settings, model = {"mode": "auto", "max_request_tokens": 60}, "import:tests.integration.odd_models:prompted"
    code = "text = read_file('README.md')\nwrite_file('new.txt', text)\n" + "print(text)\n" * 40
    async with spawn_agent(tmp_path / "home", model=model, settings=settings) as client:
        session = await client.new_session(project)
        await client.prompt(session, json.dumps([{"code": code, "delay": 0.05}, {"text": "So."}]), PATIENCE)
        program, call = client.all_calls(session).values()

    assert (program.status, call.status, call["title"]) == ("failed", "completed", "Read README.md")
    assert not (project / "new.txt").exists()


@pytest.mark.parametrize("way", ["close", "close_input", "terminate"])
async def test_an_agent_that_ends_while_it_reads_ahead_leaves_nothing_behind(tmp_path, at_desk, way):
    home = tmp_path / "agent"
    async with spawn_agent(home, model=GATED, capabilities=FILES, unanswered=True) as client:
        desk = await at_desk(client)
        client.editor.silent.add("fs/read_text_file")
        desk.begin("text = read_file('README.md')\n", "print(text)")
        await client.until(lambda: desk.calls and desk.calls[0].status == "in_progress", PATIENCE)
        children = client.process.child_pids()
        getattr(client.process, way)()
        code = await client.process.wait_exit()
        await dropped(desk.turn)

        assert code == 0
        assert alive(children) == set()
        assert "Traceback" not in client.process.stderr.read_text()


async def dropped(turn):
    await asyncio.wait([turn], timeout=2)
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)


async def killed(client, turn):
    client.process.popen.kill()
    await client.process.wait_exit()
    await dropped(turn)


async def test_an_agent_that_is_killed_while_a_program_is_written_shows_what_it_had_read(tmp_path, project, at_desk):
    home = tmp_path / "agent"
    async with spawn_agent(home, model=GATED, unanswered=True) as client:
        desk = await at_desk(client)
        desk.begin("text = read_file('README.md')\n", "print(text)")
        await desk.until_read(1)
        await killed(client, desk.turn)
        [_, before] = client.all_calls(desk.session).values()
    async with spawn_agent(home, model=GATED) as client:
        await client.load(desk.session, project)
        program, call = client.all_calls(desk.session).values()
        assert call.fields == before.fields
        assert program.status == "failed"
        again = Desk(client, project, desk.session, desk.gates)
        again.begin("print(read_file('README.md')[:8])\n")
        await again.turn
        assert again.program["rawOutput"]["output"] == "# Shapes\n"


async def test_a_program_goes_on_in_another_process_without_reading_again_what_it_had(tmp_path, project, at_desk):
    home, ran = tmp_path / "agent", project / "ran.txt"
    async with spawn_agent(home, model=GATED, unanswered=True) as client:
        desk = await at_desk(client)
        desk.begin(
            "import asyncio\ntext = read_file('README.md')\nnames = list_files('src/*.py')\n",
            "print(len(text))\nmore, _ = await asyncio.gather(\n    read_file('src/shapes.py'),\n"
            "    run_command('echo ran >> ran.txt; sleep 60'),\n)\n"
            "write_file('new.txt', more)\nprint(len(names), len(more))\n",
        )
        await desk.until_read(2)
        desk.go_on()
        await client.until(ran.exists, PATIENCE)
        await desk.until_read(3)
        await killed(client, desk.turn)
        before = client.all_calls(desk.session)
    async with spawn_agent(home, model=GATED, allow="leave_out") as client:
        ran.write_text("")
        await client.load(desk.session, project)
        await client.until(lambda: client.programs(desk.session)[-1].status in ("completed", "failed"), PATIENCE)
        after = client.all_calls(desk.session)

    titles = {call.id.rpartition("/")[2]: call["title"] for call in after.values()}
    assert [call.id for call in after.values()][: len(before)] == [*before]
    assert titles["1"] == "Read README.md"
    assert titles["2"] == "List src/*.py"
    [program] = [call for call_id, call in after.items() if call_id.count("/") == 1]
    assert "was not run again" in program.texts
    assert ran.read_text() == ""
