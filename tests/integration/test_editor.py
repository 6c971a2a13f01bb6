"""An editor that offers its files: what it has open counts, and what is written goes through it."""

import pytest

from tests.acp_client import FILES, spawn_agent

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def echo_agent(tmp_path_factory):
    """An agent whose client reads and writes files."""
    async with spawn_agent(tmp_path_factory.mktemp("agent"), capabilities=FILES, settings={"mode": "auto"}) as client:
        yield client


@pytest.mark.proves("client:fs/read_text_file", "capability:fs.readTextFile")
async def test_an_unsaved_buffer_is_what_a_program_reads(client, project):
    session = await client.new_session(project)
    file = project / "README.md"
    client.editor.open(file)
    client.editor.type(file, "# Unsaved\n")

    await client.run(session, "print(read_file('README.md'))\nprint(open('README.md').read())")

    assert client.text(session).split("\n")[:2] == ["# Unsaved", ""]
    assert client.text(session).count("# Unsaved") == 2
    assert file.read_text().startswith("# Shapes")


@pytest.mark.proves("client:fs/write_text_file", "capability:fs.writeTextFile")
async def test_a_write_goes_through_the_editor(client, project):
    session = await client.new_session(project)
    file = project / "README.md"
    client.editor.open(file)
    client.editor.calls.clear()

    await client.run(session, "write_file('README.md', '# New\\n')\nprint(read_file('README.md'))")

    assert [m for m in client.editor.methods() if m == "fs/write_text_file"] == ["fs/write_text_file"]
    assert client.editor.buffers[str(file)] == file.read_text() == "# New\n"
    assert client.text(session).strip() == "# New"


async def test_an_edit_starts_from_the_unsaved_buffer(client, project):
    session = await client.new_session(project)
    file = project / "src/shapes.py"
    client.editor.open(file)
    client.editor.type(file, "def volume(): ...\n")

    await client.run(session, "edit_file('src/shapes.py', 'volume', 'weight')")

    [call] = client.calls(session)
    assert (call.diffs[0]["oldText"], call.diffs[0]["newText"]) == ("def volume(): ...\n", "def weight(): ...\n")
    assert client.editor.buffers[str(file)] == "def weight(): ...\n"


async def test_a_new_file_is_created_with_its_folders(client, project):
    session = await client.new_session(project)

    await client.run(session, "write_file('docs/new/page.md', 'text')")

    assert (project / "docs/new/page.md").read_text() == "text"
    assert client.calls(session)[0]["title"] == "Create docs/new/page.md"


async def test_a_missing_file_is_the_programs_error(client, project):
    session = await client.new_session(project)

    await client.run(session, "try:\n    read_file('none.txt')\nexcept FileNotFoundError:\n    print('none')")

    assert client.text(session).strip() == "none"
    assert client.calls(session)[0].status == "failed"


async def test_line_ends_of_a_file_are_kept(client, project):
    session = await client.new_session(project)
    file = project / "dos.txt"
    file.write_bytes(b"one\r\ntwo\r\n")

    await client.run(session, "edit_file('dos.txt', 'two', 'three')")

    assert file.read_bytes() == b"one\r\nthree\r\n"


async def test_an_editor_that_refuses_a_write_raises_in_the_program(client, project):
    session = await client.new_session(project)
    file = project / "README.md"
    before = file.read_text()
    client.editor.errors["fs/write_text_file"] = client_error("the buffer is locked")

    await client.run(session, "try:\n    write_file('README.md', '')\nexcept OSError as error:\n    print(error)")
    del client.editor.errors["fs/write_text_file"]

    assert "the buffer is locked" in client.text(session)
    assert file.read_text() == before


def client_error(message):
    from tests.fakes import ClientError

    return ClientError(-32603, message)
