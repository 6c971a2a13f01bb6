"""Programs whose reads are made and shown while the model still writes them, over stdio."""

import asyncio
import json

import anyio
import pytest

from tests.acp_client import FILES, spawn_agent

pytestmark = pytest.mark.anyio

GATED = "import:tests.integration.odd_models:gated"
A_WHILE = 0.3  # seconds in which what should not happen would
PATIENCE = 200  # seconds, for a machine that has no time for us


class Desk:
    """Where a program is written in pieces, each when the test says so."""

    def __init__(self, client, project, session, gates):
        self.client, self.project, self.session, self.gates = client, project, session, gates
        self.turn = None

    def begin(self, *pieces, **end):
        """Have the model begin; it stops before the second piece. `end`: see `odd_models.gated`."""
        self.begin_programs(pieces, **end)

    def begin_programs(self, *programs, **end):
        """Have the model begin the first of several programs."""
        prompt = json.dumps({"programs": programs, "gates": str(self.gates), **end})
        self.turn = asyncio.create_task(self.client.prompt(self.session, prompt, PATIENCE))

    def go_on(self, piece=1, program=0):
        """Have it write the piece of this number (from 0)."""
        (self.gates / f"{program}.{piece}").touch()

    @property
    def calls(self):
        return self.client.calls(self.session)

    @property
    def program(self):
        return self.client.programs(self.session)[-1]

    async def until_read(self, count):
        """Wait until so many calls have ended."""
        await self.client.until(lambda: sum(call.status == "completed" for call in self.calls) >= count, PATIENCE)


@pytest.fixture
def at_desk(tmp_path, project):
    """Opens a session with the gated model."""

    async def opened(client, mode="auto"):
        (gates := tmp_path / "gates").mkdir(exist_ok=True)
        return Desk(client, project, await client.new_session(project, mode), gates)

    return opened


@pytest.fixture(scope="module")
async def agent(tmp_path_factory):
    async with spawn_agent(tmp_path_factory.mktemp("agent"), model=GATED, capabilities=FILES) as client:
        yield client


async def test_reads_are_seen_before_the_program_is_complete_and_effects_are_not(agent, at_desk):
    desk = await at_desk(agent)
    desk.begin(
        "text = read_file('README.md')\nnames = list_files('**/*.py')\n"
        "for name in names:\n    print(read_file(name))\n",
        "write_file('new.txt', text)\nread_file('new.txt')\nprint(len(names))\n",
        "print('en",
        "d')\n",
    )
    await desk.client.until(lambda: desk.calls, PATIENCE)
    desk.go_on(1)
    await desk.until_read(4)

    assert desk.program.status == "pending"
    assert [call["title"] for call in desk.calls] == [
        "Read README.md",
        "List **/*.py",
        "Read src/colours.py",
        "Read src/shapes.py",
    ]
    desk.go_on(2)
    desk.go_on(3)
    await desk.turn

    assert desk.program.status == "completed"
    assert desk.program["rawOutput"]["output"].endswith("2\nend\n")
    assert [call["title"] for call in desk.calls][4:] == ["Create new.txt", "Read new.txt"]
    assert [call.id for call in desk.calls] == [f"{desk.program.id}/{number}" for number in range(1, 7)]
    assert [call.meta["line"] for call in desk.calls] == [1, 2, 4, 4, 5, 6]
    assert all(call.statuses == ["pending", "in_progress", "completed"] for call in desk.calls)
    first_write = next(call for call in desk.calls if call["kind"] == "edit").updates[0].at
    begun = next(update.at for update in desk.program.updates if update.data.get("status") == "in_progress")
    assert begun <= first_write
    agent.check()


async def test_a_program_that_turns_out_broken_has_changed_nothing(agent, at_desk):
    desk = await at_desk(agent)
    desk.begin("text = read_file('README.md')\nwrite_file('README.md', '')\n", "print(text\n")
    await desk.until_read(1)
    desk.go_on()
    await desk.turn

    assert desk.program["rawOutput"]["error"]["kind"] == "syntax"
    assert [(call["title"], call.status) for call in desk.calls] == [("Read README.md", "completed")]
    assert (desk.project / "README.md").read_text().startswith("# Shapes")


async def test_what_the_user_types_meanwhile_is_what_the_program_reads(agent, at_desk):
    desk = await at_desk(agent)
    file = desk.project / "README.md"
    agent.editor.open(file)
    desk.begin("text = read_file('README.md')\n", "edit_file('README.md', 'typed', 'kept')\nprint(text)")
    await desk.until_read(1)
    agent.editor.type(file, "just typed\n")
    desk.go_on()
    await desk.turn

    assert desk.program["rawOutput"]["output"] == "just typed\n\n"
    assert agent.editor.buffers[str(file)] == "just kept\n"
    assert [call["title"] for call in desk.calls] == ["Read README.md", "Read README.md", "Edit README.md"]


async def test_a_turn_that_is_cancelled_while_a_file_is_read_leaves_no_open_call(tmp_path, at_desk):
    home = tmp_path / "agent"
    async with spawn_agent(home, model=GATED, capabilities=FILES, unanswered=True) as client:
        desk = await at_desk(client)
        client.editor.silent.add("fs/read_text_file")
        desk.begin("text = read_file('README.md')\n", "print(text)")
        await client.until(lambda: desk.calls and desk.calls[0].status == "in_progress", PATIENCE)
        await client.cancel(desk.session)
        response = await desk.turn

    assert response.stop_reason == "cancelled"
    assert desk.calls[0].status == "failed"
    assert desk.program.status == "failed"


async def test_nothing_is_asked_before_the_program_is_complete(agent, at_desk):
    desk = await at_desk(agent, "ask")
    (desk.project / ".env").write_text("KEY=1\n")
    agent.questions.clear()
    desk.begin(
        "print(read_file('README.md'))\nprint(read_file('.env'))\nwrite_file('new.txt', '')\n"
        "print(run_command('echo ran').stdout)\n",
        "read_file('src/shapes.py')\n",
    )
    await desk.until_read(1)
    await asyncio.sleep(A_WHILE)
    assert agent.questions == []
    desk.go_on()
    await desk.turn

    asked = [question["toolCall"]["title"] for question in agent.questions]
    assert asked == ["Read .env", "Create new.txt", "Run echo ran"]
    assert desk.program["rawOutput"]["output"] == "# Shapes\n\nThings with an area.\n\nKEY=1\n\nran\n\n"
    assert [call.id.rpartition("/")[2] for call in desk.calls] == ["1", "2", "3", "4", "5"]
    agent.check()


async def test_in_a_session_that_is_read_only_it_reads_ahead_and_changes_nothing(agent, at_desk):
    desk = await at_desk(agent, "read-only")
    desk.begin(
        "text = read_file('README.md')\n"
        "try:\n    write_file('README.md', '')\nexcept PermissionError:\n    print('no')\n"
        "print(read_file('README.md') == text)\n",
        "print('end')\n",
    )
    await desk.until_read(1)
    desk.go_on()
    await desk.turn

    assert desk.program["rawOutput"]["output"] == "no\nTrue\nend\n"
    assert [call.status for call in desk.calls] == ["completed", "failed", "completed"]


async def test_what_the_program_has_written_is_what_it_reads(agent, at_desk):
    desk = await at_desk(agent)
    agent.editor.open(desk.project / "README.md")
    desk.begin(
        "before = read_file('README.md')\nedit_file('README.md', 'area', 'edge')\n",
        "print(read_file('README.md'), before)\n",
    )
    await desk.until_read(1)
    desk.go_on()
    await desk.turn

    shown = "# Shapes\n\nThings with an {}.\n"
    assert desk.program["rawOutput"]["output"] == f"{shown.format('edge')} {shown.format('area')}\n"
    assert [call["title"] for call in desk.calls] == ["Read README.md", "Edit README.md", "Read README.md"]


async def test_where_programs_are_not_shown_while_they_are_written_their_reads_are_and_have_a_parent(agent, at_desk):
    desk = await at_desk(agent)
    await agent.ask(
        "session/set_config_option", sessionId=desk.session, configId="stream_programs", type="boolean", value=False
    )
    desk.begin("text = read_file('README.md')\n", "print(len(text))\n")
    await desk.until_read(1)
    assert "content" not in desk.program.fields
    assert [*agent.all_calls(desk.session)] == [desk.program.id, desk.calls[0].id]
    desk.go_on()
    await desk.turn
    assert desk.program.status == "completed"


async def test_a_later_program_reads_ahead_with_what_earlier_ones_have_left(agent, at_desk):
    desk = await at_desk(agent)
    desk.begin_programs(
        ["names = ['README.md']\nprint(len(names))\n"],
        ["for name in names:\n    names.append(read_file(name)[:8])\n    break\nprint", "(names)\n"],
    )
    await desk.until_read(1)
    desk.go_on(program=1)
    await desk.turn

    assert desk.program["rawOutput"]["output"] == "['README.md', '# Shapes']\n"
    assert [call.id for call in desk.calls] == [f"{desk.program.id}/1"]


@pytest.mark.parametrize("mode", ["review", "plan"])
async def test_where_changes_are_collected_the_program_begins_at_its_end(agent, at_desk, mode):
    await begins_at_its_end(await at_desk(agent, mode))


async def test_it_can_be_switched_off(tmp_path, at_desk):
    settings = {"read_ahead": False}
    async with spawn_agent(tmp_path / "agent", model=GATED, settings=settings) as client:
        await begins_at_its_end(await at_desk(client))


async def begins_at_its_end(desk):
    """Check that nothing runs of a program before all of it has been written."""
    desk.begin("text = read_file('README.md')\n", "more = read_file('src/shapes.py')\n", "print(len(text + more))\n")
    await desk.client.until(lambda: desk.client.programs(desk.session), PATIENCE)
    for number in (1, 2):
        await anyio.lowlevel.checkpoint()
        desk.go_on(number)
    await desk.turn

    begun = next(update.at for update in desk.program.updates if update.data.get("status") == "in_progress")
    assert len(desk.calls) == 2
    assert all(call.updates[0].at >= begun for call in desk.calls)
