"""Whole turns over stdio: questions, changes, and what a client sees of them."""

import re

import anyio
import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.proves(
    "session/prompt",
    "client:session/update",
    "update:agent_message_chunk",
    "update:tool_call",
    "update:tool_call_update",
)
async def test_a_question_is_answered_by_reading_without_asking(client, project):
    session = await client.new_session(project)

    response = await client.run(session, "print(read_file('src/colours.py').count('TODO'))")

    assert response.stop_reason == "end_turn"
    assert client.text(session).strip() == "2"
    assert client.questions == []
    [call] = client.calls(session)
    assert call.statuses == ["pending", "in_progress", "completed"]
    assert (call["kind"], call["title"]) == ("read", "Read src/colours.py")
    assert call["locations"] == [{"path": str(project / "src/colours.py")}]


@pytest.mark.proves("client:session/request_permission")
async def test_an_edit_shows_a_diff_and_asks_before_it_happens(client, project):
    session = await client.new_session(project)
    file = project / "src/shapes.py"
    before = file.read_text()

    def allow(question):
        assert file.read_text() == before
        assert question["toolCall"]["content"][0]["type"] == "diff"
        return "allow_once"

    client.allow = allow
    await client.run(session, "edit_file('src/shapes.py', 'def area(', 'def surface(')")

    after = before.replace("def area(", "def surface(")
    assert file.read_text() == after
    [call] = client.calls(session)
    assert (call["kind"], call.status) == ("edit", "completed")
    assert call.diffs == [{"type": "diff", "path": str(file), "oldText": before, "newText": after}]
    assert len(client.questions) == 1


async def test_a_call_goes_from_request_over_permission_and_start_to_its_result(client, project):
    session = await client.new_session(project)

    await client.run(
        session, "import json\n\n\nwrite_file('new.txt', 'a')\nprint(run_command('echo out; sleep 0.3').exit_code)"
    )

    assert story(client, session, "t1/p1/1") == ["tool_call pending", "question", "in_progress", "completed"]
    assert story(client, session, "t1/p1/2") == [
        "tool_call pending",
        "question",
        "in_progress",
        "progress",
        "completed",
    ]
    assert story(client, session, "t1/p1")[0] == "tool_call pending"
    assert [call.meta for call in client.calls(session)] == [
        {"type": "file-system/write", "parent": "t1/p1", "function": "write_file", "line": 4},
        {"type": "shell/command", "parent": "t1/p1", "function": "run_command", "line": 5},
    ]


def story(client, session, call_id):
    """What passed about one call, in order."""
    told = []
    for _, _, message in client.messages(session):
        update = message["params"].get("update", {})
        if update.get("toolCallId") == call_id:
            start = "tool_call " if update["sessionUpdate"] == "tool_call" else ""
            told.append(start + update.get("status", "progress"))
        elif message["params"].get("toolCall", {}).get("toolCallId") == call_id:
            told.append("question")
    return told


async def test_the_program_is_itself_a_call_around_those_it_makes(client, project):
    session = await client.new_session(project)
    code = "# Count the lines\nprint(len(read_file('README.md').splitlines()))"

    await client.run(session, code)

    [program] = client.programs(session)
    assert (program.id, program["kind"], program["title"]) == ("t1/p1", "execute", "Count the lines")
    assert program.statuses == ["pending", "in_progress", "completed"]
    assert code in program.texts
    assert program["rawInput"] == {"code": code, "touches": {"reads": ["README.md"]}}
    assert program["rawOutput"]["output"] == "3\n"
    [call] = client.calls(session)
    assert program.updates[0].at <= call.updates[0].at <= call.updates[-1].at <= program.updates[-1].at


async def test_ordinary_python_makes_the_same_visible_calls(client, project):
    session = await client.new_session(project)

    await client.run(
        session,
        "import os\nfrom pathlib import Path\n"
        "text = Path('src/shapes.py').read_text()\n"
        "with open('copy.py', 'w') as f:\n    f.write(text)\n"
        "os.rename('copy.py', 'moved.py')\n"
        "os.remove('moved.py')\n"
        "print(sorted(os.listdir('.')))",
    )

    assert client.text(session).strip() == "['README.md', 'src']"
    shown = [(call.meta["type"], call["kind"]) for call in client.calls(session) if call["kind"] != "search"]
    assert shown == [
        ("file-system/read", "read"),
        ("file-system/write", "edit"),
        ("file-system/write", "move"),
        ("file-system/write", "delete"),
        ("file-system/read", "read"),
    ]


async def test_two_hundred_calls_of_one_program_are_all_seen(client, project):
    session = await client.new_session(project)

    await client.run(session, "n = 0\nfor i in range(200):\n    n += len(read_file('README.md'))\nprint(n)")

    calls = client.calls(session)
    assert [call.id for call in calls] == [f"t1/p1/{number}" for number in range(1, 201)]
    assert {call.status for call in calls} == {"completed"}
    assert client.text(session).strip() == str(200 * len((project / "README.md").read_text()))


@pytest.mark.proves("update:usage_update")
async def test_the_response_tells_what_the_turn_cost(client, project):
    session = await client.new_session(project)

    response = await client.run(session, "print(read_file('README.md'))", "print(1)")

    usage = response.field_meta["punie.dev/usage"]
    assert (usage["modelRequests"], usage["programs"], usage["externalCalls"]) == (3, 2, 1)
    assert usage["inputTokens"] > usage["cachedTokens"] > 0
    assert usage["outputTokens"] > 0
    assert 0 < usage["firstTokenSeconds"] < usage["seconds"]
    [update] = [u.data for u in client.updates(session) if u.data["sessionUpdate"] == "usage_update"]
    assert 0 < update["used"] < update["size"]


async def test_variables_stay_from_turn_to_turn(client, project):
    session = await client.new_session(project)

    await client.run(session, "names = list_files('src/*.py')")
    await client.run(session, "def twice(x):\n    return 2 * x")
    await client.run(session, "print(twice(len(names)))")

    assert client.text(session).rstrip().endswith("4")
    assert [program.id for program in client.programs(session)] == ["t1/p1", "t2/p1", "t3/p1"]


async def test_two_sessions_run_side_by_side_and_know_nothing_of_each_other(client, project, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "here.txt").write_text("there")
    first, second = await client.new_session(project), await client.new_session(other)
    program = "mine = list_files('*')\nrun_command('sleep 0.5')\nprint(mine)"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.run, first, program)
        tasks.start_soon(client.run, second, program)
    await client.run(first, "only_here = 1")
    await client.run(second, "try:\n    only_here\nexcept NameError:\n    print('unknown')")

    assert "README.md" in client.text(first)
    assert client.text(second) == "['here.txt']unknown"
    started, ended = overlap(client.calls(first)[1], client.calls(second)[1])
    assert started < ended


def overlap(one, other):
    """When both had begun, and when the first of them had ended."""
    return max(one.updates[0].at, other.updates[0].at), min(one.updates[-1].at, other.updates[-1].at)


async def test_prompts_of_one_session_run_one_after_another(client, project):
    session = await client.new_session(project)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.run, session, "run_command('sleep 0.2')")
        await client.until(lambda: client.programs(session))
        tasks.start_soon(client.run, session, "print('second')")

    first, second = client.programs(session)
    assert first.updates[-1].at <= second.updates[0].at


async def test_a_long_output_is_cut_and_says_so(client, project):
    session = await client.new_session(project)

    await client.run(session, "for i in range(30000):\n    print('line', i)")

    [program] = client.programs(session)
    assert program.status == "completed"
    output = program["rawOutput"]["output"]
    assert output.startswith("line 0\nline 1\n")
    assert "bytes left out" in output
    assert output.endswith("line 29998\nline 29999\n")
    assert len(output) < 70_000
    assert "line 29999" in program.texts


async def test_the_next_program_reads_what_was_cut_without_a_question(client, project):
    session = await client.new_session(project)
    await client.run(session, "for i in range(30000):\n    print('line', i)")
    [path] = re.findall(r"all of it is in (\S+)\) …", client.programs(session)[0]["rawOutput"]["output"])

    await client.run(session, f"print(read_file({path!r}).splitlines()[15000])")

    assert client.programs(session)[1]["rawOutput"]["output"] == "line 15000\n"
    assert client.questions == []
