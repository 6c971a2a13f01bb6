"""A program goes on in another process, from the call at which the first one was killed."""

import asyncio
import json
import shutil
from contextlib import closing

import pytest
from acp.schema import ClientCapabilities, FileSystemCapabilities

from punie_acp.server.store import open_store
from tests.acp_client import spawn_agent
from tests.fakes import FakeClient

pytestmark = pytest.mark.anyio
EDITOR = ClientCapabilities(fs=FileSystemCapabilities(read_text_file=True, write_text_file=True), terminal=True)
AUTO = {"model": "import:tests.integration.odd_models:prompted", "settings": {"mode": "auto"}}
PLAIN = {**AUTO, "settings": {"mode": "auto", "read_ahead": False}}
"""Every call of the program is made while it runs: one that is killed while it is written has not begun."""
GATES = ("fs/read_text_file", "fs/write_text_file", "terminal/create")


class Gate(FakeClient):
    """An editor that kills its agent while it serves what call `number` asks: before it has done so, or after."""

    def __init__(self, client, session):
        super().__init__()
        self._client = client
        self._session = session
        self.number = 0
        self.serves_first = False

    async def request(self, method, params, /):
        if method not in GATES or not self._is_armed():
            return await super().request(method, params)
        if self.serves_first:
            answer = await super().request(method, params)
            if method == "terminal/create":
                await super().request(
                    "terminal/wait_for_exit", {"sessionId": self._session, "terminalId": answer["terminalId"]}
                )
        self._client.process.popen.kill()
        return await asyncio.Event().wait()

    def _is_armed(self):
        calls = self._client.calls(self._session)
        return bool(calls) and calls[-1].id.endswith(f"/{self.number}") and calls[-1].status == "in_progress"


def command(number):
    """A command that leaves a line, once each time it runs; a program that is told it was left out goes on."""
    return f"try:\n    run_command('echo {number} >> ran.txt')\nexcept OSError:\n    pass"


LINES = [
    "kept = [read_file('README.md')]",
    "write_file('out/a.txt', 'a\\n' * 3)",
    command(3),
    "edit_file('src/shapes.py', 'TODO: units', 'TODO: metres')",
    "with open('log.txt', 'a') as log:\n    log.write('first\\n')",
    "os.mkdir('made')",
    command(7),
    "Path('made/data.bin').write_bytes(bytes(range(128)))",
    "kept.append(read_file('src/colours.py'))",
    "shutil.copy('README.md', 'made/copy.md')",
    "os.rename('made/copy.md', 'made/moved.md')",
    command(12),
    "with open('log.txt', 'a') as log:\n    log.write('second\\n')",
    "edit_file('src/shapes.py', 'TODO: metres', 'in metres')",
    "os.remove('made/moved.md')",
    "names = list_files('**/*')",
    command(17),
    "write_file('out/names.txt', '\\n'.join(names))",
    "kept.append(read_file('out/a.txt'))",
    "os.makedirs('made/src/deep')",
    command(21),
    "shutil.rmtree('made/src')",
    "found = search('TODO')",
    "write_file('out/found.txt', str(found))",
    command(25),
    "with open('log.txt', 'a') as log:\n    log.write('third\\n')",
    "edit_file('out/a.txt', 'a\\na\\na\\n', 'b\\n')",
    command(28),
    "kept.append(read_file('log.txt'))",
    "write_file('out/kept.txt', '\\n---\\n'.join(kept))",
]
PROGRAM = "import os, shutil\nfrom pathlib import Path\n" + "\n".join(LINES)
TURN = [{"text": "I shall do it all.", "code": PROGRAM}, {"text": "All of it is done."}]


def files(root):
    """All files below a folder with their bytes."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


async def undisturbed(tmp_path, project):
    """What the program makes of a copy of the project when nobody disturbs it."""
    copy = tmp_path / "undisturbed" / project.name
    shutil.copytree(project, copy)
    async with spawn_agent(tmp_path / "home", capabilities=EDITOR, **PLAIN) as client:
        session = await client.new_session(copy)
        await client.play(session, *TURN)
        calls = client.calls(session)
    assert [call.status for call in calls] == ["completed"] * 30
    return files(copy)


@pytest.mark.slow
@pytest.mark.proves("session/load")
async def test_a_program_killed_at_each_of_its_calls_leaves_what_it_leaves_undisturbed(tmp_path, project):
    expected = await undisturbed(tmp_path, project)
    one, other = (shutil.copytree(project, tmp_path / name / project.name) for name in ("one", "other"))
    await asyncio.gather(
        check_killed(tmp_path / "home", one, expected, range(1, 31, 2)),
        check_killed(tmp_path / "home", other, expected, range(2, 31, 2)),
    )


async def check_killed(home, project, expected, numbers):
    """Kill one agent after the other, at the calls of these numbers, and see what is left at the end."""
    asked, left_out, session = [], [], ""

    def answer(request):
        """Say the truth: whether the command has left its line."""
        title, options = request["toolCall"]["title"], [option["optionId"] for option in request["options"]]
        if "allow_once" in options:
            return "allow_once"  # a folder is deleted: that is asked about in every mode
        asked.append(title)
        if "go_on" in options:
            return "go_on"
        number = title.split("echo ")[1].split()[0]
        ran = project / "ran.txt"
        if not ran.exists() or number not in ran.read_text().split():
            return "run_again"
        left_out.append(f"t1/p1/{number}")
        return "leave_out"

    for place, number in enumerate((*numbers, 31)):
        async with spawn_agent(home, capabilities=EDITOR, allow=answer, unanswered=True, **PLAIN) as client:
            turn = None
            if session:
                client.editor = Gate(client, session)
                await client.load(session, project)
            else:
                session = await client.new_session(project)
                client.editor = Gate(client, session)
                turn = client.start(session, json.dumps(TURN))
            client.editor.number, client.editor.serves_first = number, place % 2 == 0
            if number == 31:
                calls = await calls_at_the_end(client, session, home / "data" / "sessions.db")
                break
            await killed_at(client, session, number)
            if turn is not None:
                turn.cancel()
                await asyncio.gather(turn, return_exceptions=True)

    assert files(project) == expected
    assert len(calls) == 30
    assert [call.id for call in calls if call.status != "completed"] == left_out
    assert (project / "ran.txt").read_text().split() == ["3", "7", "12", "17", "21", "25", "28"]
    assert len(asked) == len(numbers)
    with closing(open_store(home / "data" / "sessions.db")) as store:
        assert store.snapshots(session) == ()


async def calls_at_the_end(client, session, database):
    """The external calls, once the turn has ended: no request of this client waits for that."""
    await client.until(lambda: "All of it is done." in client.text(session), timeout=60)
    with closing(open_store(database)) as store:
        await client.until(lambda: [turn.state for turn in store.turns(session)] == ["ended"])
    return client.calls(session)


async def killed_at(client, session, number):
    """Wait until call `number` has killed the agent by the editor; kill it here where the editor has no part in it."""

    def begun():
        call = client.all_calls(session).get(f"t1/p1/{number}")
        return call is not None and call.status in ("in_progress", "completed")

    await client.until(lambda: begun() or client.process.popen.poll() is not None, timeout=60)
    for _ in range(40):
        if client.process.popen.poll() is not None:
            return
        await asyncio.sleep(0.005)
        if client.all_calls(session)[f"t1/p1/{number}"].status == "completed":
            break
    client.process.popen.kill()
    await client.process.wait_exit()


WAITING = [{"code": "kept = 7\nprint('before')\nrun_command('echo ran >> ran.txt; sleep 60')\nprint('after', kept)"}]


@pytest.fixture
async def cut(tmp_path, project):
    """A session whose agent was killed in the midst of a command."""
    async with spawn_agent(tmp_path / "home", unanswered=True, **AUTO) as client:
        session = await client.new_session(project)
        turn = client.start(session, json.dumps([*WAITING, {"text": "So it is."}]))
        await client.until((project / "ran.txt").exists)
        client.process.popen.kill()
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
    return session


async def test_a_program_goes_on_when_the_user_asks_for_it_and_knows_what_was_left_out(tmp_path, project, cut):
    async with spawn_agent(tmp_path / "home", allow="cancelled", **AUTO) as client:
        await client.load(cut, project)
        await client.until(lambda: "/continue" in client.text(cut))
        assert client.questions[0]["toolCall"]["title"] == "Run it again? echo ran >> ran.txt; sleep 60"
        assert {call.status for call in client.all_calls(cut).values()} == {"pending"}

    async with spawn_agent(tmp_path / "home", allow="leave_out", **AUTO) as client:
        await client.ask("session/resume", sessionId=cut, cwd=str(project))
        await client.until(lambda: "So it is." in client.text(cut))
        [program] = [call for call in client.programs(cut) if call.status == "failed"]
        assert "was not run again" in program.texts
        assert "before" in program.texts
        assert (project / "ran.txt").read_text() == "ran\n"
        assert (await client.prompt(cut, "/continue")).stop_reason == "end_turn"
        assert "no interrupted program" in client.text(cut)


async def test_a_prompt_takes_the_question_back_and_gives_the_program_up(tmp_path, project, cut):
    async with spawn_agent(tmp_path / "home", allow="never", unanswered=True, **AUTO) as client:
        await client.load(cut, project)
        await client.until(lambda: client.questions)
        assert {call.status for call in client.all_calls(cut).values()} == {"pending"}
        await client.play(cut, {"code": "print('another')"})
        calls = client.all_calls(cut)
        assert [call.status for call in calls.values()] == ["failed", "failed", "completed"]
        await client.prompt(cut, "/continue")
        assert "no interrupted program" in client.text(cut)
    assert (project / "ran.txt").read_text() == "ran\n"


async def test_a_program_that_the_user_has_stopped_does_not_go_on(tmp_path, project):
    async with spawn_agent(tmp_path / "home", **AUTO) as client:
        session = await client.new_session(project)
        turn = client.start(session, json.dumps(WAITING))
        await client.until((project / "ran.txt").exists)
        await client.cancel(session)
        assert (await turn).stop_reason == "cancelled"

    async with spawn_agent(tmp_path / "home", **AUTO) as client:
        await client.load(session, project)
        await client.prompt(session, "/continue")
        assert client.text(session).endswith("There is no interrupted program to go on with.")
        assert client.questions == []


async def test_slash_continue_goes_on_within_a_prompt(tmp_path, project, cut):
    async with spawn_agent(tmp_path / "home", allow="cancelled", **AUTO) as client:
        await client.load(cut, project)
        await client.until(lambda: "/continue" in client.text(cut))
        client.allow = lambda request: "stop"
        await client.prompt(cut, "/continue")
        assert "It does not go on." in client.text(cut)
        assert {call.status for call in client.all_calls(cut).values()} == {"failed"}
        await client.prompt(cut, "/continue")
        assert "no interrupted program" in client.text(cut)
