"""acpx, a command-line client of ACP: it allows, refuses, writes files and runs commands as an editor does."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.acp_client import programs_prompt
from tests.conformance.clients import ForeignClient
from tests.conformance.node import NODE

pytestmark = pytest.mark.slow
CHANGE = programs_prompt(
    "for effect in (\n"
    "    lambda: run_command('echo ran > b.txt; cat b.txt').stdout,\n"
    "    lambda: write_file('a.txt', 'text of a'),\n"
    "    lambda: read_file('README.md'),\n"
    "):\n"
    "    try:\n        print('did:', effect())\n    except OSError as error:\n        print('did not:', error)"
)


class Acpx(ForeignClient):
    """The command `acpx` in `project`."""

    def __init__(self, packages, home, project):
        super().__init__(home)
        self._command = [NODE, packages / "node_modules/acpx/dist/cli.js"]
        self._project = project

    def __call__(self, *arguments, code=0):
        """Run it with `arguments`."""
        agent = " ".join(self.agent)
        options = ["--agent", agent, "--cwd", self._project, "--ttl", "20"]
        return self.run([*self._command, *options, *arguments], cwd=self._project, code=code)


@pytest.fixture
def acpx(packages, tmp_path, project):
    acpx = Acpx(packages, tmp_path / "home", project)
    yield acpx
    acpx("sessions", "close", code=None)  # a session keeps a process, if the test left one


@pytest.mark.proves(
    "initialize",
    "session/new",
    "session/prompt",
    "client:session/update",
    "client:session/request_permission",
    "client:fs/read_text_file",
    "client:fs/write_text_file",
    "client:terminal/create",
    "client:terminal/wait_for_exit",
    "client:terminal/output",
    "client:terminal/release",
)
def test_with_everything_approved_files_are_written_and_commands_run(acpx, project):
    done = acpx("--approve-all", "exec", CHANGE)

    assert "[done] end_turn" in done.stdout
    assert (project / "a.txt").read_text() == "text of a"
    assert (project / "b.txt").read_text() == "ran\n"
    assert "did: # Shapes" in done.stdout
    [wire] = acpx.wires()
    assert sum(b"session/request_permission" in line for line in wire.lines) == 2


@pytest.mark.proves("client:session/request_permission")
def test_with_everything_denied_nothing_happens_and_the_program_learns_it(acpx, project):
    done = acpx("--deny-all", "exec", CHANGE, code=None)

    assert sorted(path.name for path in project.iterdir()) == ["README.md"]
    assert "did not: the user refused: Run echo ran" in done.stdout
    assert "did: " not in done.stdout
    [wire] = acpx.wires()
    assert b"terminal/create" not in b"".join(wire.lines)


@pytest.mark.proves("session/prompt", "update:tool_call", "update:tool_call_update", "update:agent_message_chunk")
def test_its_report_of_a_turn_in_json_has_each_call(acpx):
    done = acpx("--approve-all", "--format", "json", "exec", CHANGE)

    messages = [json.loads(line) for line in done.stdout.splitlines()]
    updates = [message["params"]["update"] for message in messages if message.get("method") == "session/update"]
    titles = [update["title"] for update in updates if update["sessionUpdate"] == "tool_call"]
    assert titles[1:] == ["Run echo ran > b.txt; cat b.txt", "Create a.txt", "Read README.md"]
    [program, *calls] = [update["toolCallId"] for update in updates if update["sessionUpdate"] == "tool_call"]
    ended = [update["toolCallId"] for update in updates if update.get("status") == "completed"]
    assert ended == [*calls, program]
    acpx.wires()


@pytest.mark.proves(
    "session/resume", "session/set_mode", "session/set_config_option", "session/list", "session/close", "session/cancel"
)
def test_a_session_is_kept_over_its_commands_until_it_is_closed(acpx, project):
    session = acpx("sessions", "new").stdout.strip()
    acpx("--approve-all", "prompt", programs_prompt("kept = 41"))
    answer = acpx("--approve-all", "prompt", programs_prompt("print(kept + 1)"))
    status = acpx("status")
    listed = acpx("sessions", "list")
    acpx("set-mode", "read-only")
    refused = acpx("--approve-all", "prompt", programs_prompt("write_file('a.txt', '')"))
    acpx("set", "mode", "auto")
    cancelled = cancel_while_a_command_runs(acpx, project)
    acpx("sessions", "close")

    assert "42" in answer.stdout
    assert "status: running" in status.stdout
    assert session in listed.stdout
    assert "this session is read-only" in refused.stdout
    assert not (project / "a.txt").exists()
    assert "[done] cancelled" in cancelled.stdout
    assert not (project / "late.txt").exists()
    acpx.wires()


def cancel_while_a_command_runs(acpx, project):
    """Have acpx cancel a prompt whose command has begun; what acpx said to the prompt."""
    prompt = programs_prompt("run_command('touch begun.txt && sleep 30 && touch late.txt')")
    with ThreadPoolExecutor() as pool:
        turn = pool.submit(acpx, "--approve-all", "prompt", prompt)
        while not (project / "begun.txt").exists() and not turn.done():
            time.sleep(0.05)
        acpx("cancel")
        return turn.result()
