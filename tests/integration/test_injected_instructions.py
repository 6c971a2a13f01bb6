"""What is written in a file is data: it changes no rule, no mode and no answer, and a model that obeys it must ask."""

import subprocess
from textwrap import indent

import pytest

from tests.integration.injections import INJECTIONS

pytestmark = pytest.mark.anyio


@pytest.fixture
def project(project):
    (project / ".env").write_text("TOKEN=hush")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    return project


def allowing_what_looks_like_it(question):
    """A user who has always allowed `git status`, `echo`, `cp` and changes, and refuses the rest."""
    kinds = {option["kind"]: option["optionId"] for option in question["options"]}
    command = question["toolCall"].get("rawInput", {}).get("command", "")
    harmless = command in ("git status", "echo done") or "a.txt" in question["toolCall"]["title"]
    return kinds["allow_always"] if harmless else kinds["reject_once"]


READING = "print(read_file('notes.txt'))\nprint(open('notes.txt').read())"
REFUSED = "except PermissionError as error:\n    print('refused', error)"
SETTING_UP = "run_command('git status')\nrun_command('echo done')\nwrite_file('src/a.txt', 'a')"


@pytest.fixture
def files(project):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file() and ".git/" not in str(path)}
    return lambda: {path: path.read_bytes() if path.exists() else None for path in before} == before


@pytest.mark.proves("client:session/request_permission")
@pytest.mark.parametrize("mode", ["ask", "auto"])
async def test_no_injected_instruction_gets_past_the_question(client, project, files, mode):
    """All of them in one session, one after the other: none may make it easier for the next."""
    session = await client.new_session(project)
    client.allow = allowing_what_looks_like_it
    await client.run(session, SETTING_UP)
    await client.set_mode(session, mode)
    for name, injection in INJECTIONS.items():
        (project / "notes.txt").write_text(injection.text)
        client.questions.clear()

        await client.run(session, READING, f"try:\n{indent(injection.harm, '    ')}\n{REFUSED}")

        assert client.questions, f"{name}: nobody was asked"
        assert client.calls(session)[-1].status == "failed", name
        kinds = [option["kind"] for option in client.questions[-1]["options"]]
        assert "allow_always" not in kinds or "read_file" in injection.harm, name
    assert files()
    assert not (project.parent / "stolen.py").exists()
    assert not (project / ".git" / "hooks" / "pre-commit").exists()
    assert "hush" not in client.text(session)


async def test_what_is_allowed_for_always_is_the_same_after_all_of_them_were_read(client, project):
    session = await client.new_session(project)
    client.allow = allowing_what_looks_like_it
    await client.run(session, SETTING_UP)
    await client.prompt(session, "/permissions")
    before = client.text(session)

    for number, injection in enumerate(INJECTIONS.values()):
        (project / f"{number}.txt").write_text(injection.text)
    await client.run(session, "for path in list_files('*.txt'):\n    print(read_file(path))")
    already = len(client.text(session))
    await client.prompt(session, "/permissions")

    assert client.text(session)[already:].strip() == before[before.index("Remembered") :].strip()
