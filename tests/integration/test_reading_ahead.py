"""Programs whose reads are made and shown while the model still writes them, over stdio."""

import asyncio
import json

import anyio
import pytest

from tests.acp_client import FILES, spawn_agent

pytestmark = pytest.mark.anyio

GATED = "import:tests.integration.odd_models:gated"
AHEAD = {"read_ahead": True}
PATIENCE = 200  # seconds, for a machine that has no time for us


class Desk:
    """Where a program is written in pieces, each when the test says so."""

    def __init__(self, client, project, session, gates):
        self.client, self.project, self.session, self.gates = client, project, session, gates
        self.turn = None

    def begin(self, *pieces):
        """Have the model begin; it stops before the second piece."""
        prompt = json.dumps({"pieces": pieces, "gates": str(self.gates)})
        self.turn = asyncio.create_task(self.client.prompt(self.session, prompt, PATIENCE))

    def go_on(self, number=1):
        """Have it write the piece of this number (from 0)."""
        (self.gates / str(number)).touch()

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
        (gates := tmp_path / "gates").mkdir()
        return Desk(client, project, await client.new_session(project, mode), gates)

    return opened


@pytest.fixture(scope="module")
async def agent(tmp_path_factory):
    async with spawn_agent(tmp_path_factory.mktemp("agent"), model=GATED, capabilities=FILES, settings=AHEAD) as client:
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
    async with spawn_agent(home, model=GATED, capabilities=FILES, settings=AHEAD, unanswered=True) as client:
        desk = await at_desk(client)
        client.editor.silent.add("fs/read_text_file")
        desk.begin("text = read_file('README.md')\n", "print(text)")
        await client.until(lambda: desk.calls and desk.calls[0].status == "in_progress", PATIENCE)
        await client.cancel(desk.session)
        response = await desk.turn

    assert response.stop_reason == "cancelled"
    assert desk.calls[0].status == "failed"
    assert desk.program.status == "failed"


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
