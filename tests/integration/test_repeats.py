"""A program that a model writes again without need is not run again, and the model is told why."""

import json

import pytest

pytestmark = pytest.mark.anyio


async def told(client, project, *programs):
    """What the model was told after each of these programs, and the statuses of their tool calls."""
    session = await client.new_session(project)
    await client.prompt(session, json.dumps([{"code": code} for code in programs]))
    statuses = [call.status for call in client.programs(session)]
    before = len(client.text(session))
    await client.prompt(session, "What were you told?")
    return client.text(session)[before:], statuses


async def test_one_that_has_just_run_is_not_run_again(recalling_agent, project):
    code = "with open('log.txt', 'a') as log:\n    log.write('once\\n')\nprint('written')"
    text, statuses = await told(recalling_agent, project, code, code, "print('else')", code)

    assert (project / "log.txt").read_text() == "once\n"  # the third time too nothing had changed in between
    assert text.count("did not run again: it would print the same") == 2
    assert text.count("\nwritten\n") == 3
    assert statuses == ["completed", "failed", "completed", "failed"]


@pytest.mark.parametrize(
    "again",
    [
        "```python\nwith open('log.txt', 'a') as log:\n    log.write('once')\nprint(missing)\n```",
        "    with open('log.txt', 'a') as log:\n        log.write('once')\n    print(missing)",
        "# Once more\nwith open('log.txt', 'a') as log:  # here\n\n  log.write('once')   \n\nprint( missing )\n",
    ],
)
async def test_one_that_has_failed_is_not_run_again_in_other_clothes(recalling_agent, project, again):
    code = "with open('log.txt', 'a') as log:\n    log.write('once')\nprint(missing)"
    text, statuses = await told(recalling_agent, project, code, again)

    assert not (project / "log.txt").exists()  # the check found it out before
    assert text.count("name 'missing'") == 1
    assert "did not run: it is the one that failed before, word for word" in text
    assert statuses == ["failed", "failed"]


async def test_after_two_failures_a_smaller_step_is_asked_for(recalling_agent, project):
    text, statuses = await told(recalling_agent, project, "print(a)", "print(b)", "print(c)", "print(1)", "print(d)")

    assert statuses == ["failed", "failed", "failed", "completed", "failed"]
    second, third = text.index("name 'b'"), text.index("name 'c'")
    assert "Take a smaller step" not in text[:second]
    assert "Take a smaller step: write one that does only the first part" in text[second:third]
    assert text.count("Take a smaller step") == 2  # a program that ran has come between the others


async def test_one_that_has_changed_something_runs_again_after_another_change(recalling_agent, project):
    code = "with open('log.txt', 'a') as log:\n    log.write('once\\n')"
    _, statuses = await told(recalling_agent, project, code, "write_file('else.txt', '')", code)

    assert (project / "log.txt").read_text() == "once\nonce\n"
    assert statuses == ["completed"] * 3


@pytest.mark.parametrize("code", ["", "# done", "['a.py', 'b.py']", "pass", "'''All is done.'''", "{'a': -1}"])
async def test_one_that_does_nothing_is_not_run(recalling_agent, project, code):
    text, statuses = await told(recalling_agent, project, "print(1 + 1)", code)

    assert "there is nothing in it to run" in text
    assert statuses == ["completed", "failed"]


async def test_one_that_keeps_to_itself_what_the_file_should_have_is_told(recalling_agent, project):
    (project / "shapes.py").write_text("def area(a):\n    return a\n\ndef twice(a):\n    return 2 * a\n")
    code = "# For shapes.py .\ndef twice(a):\n    return 2 * a\ndef area(a):\n    return a * a\nprint(area(3))"
    text, _ = await told(recalling_agent, project, code)

    saving = "```python\ndef area(a):\n    return a * a\n\nsave_definition('shapes.py', area)\n```"
    assert f"{saving}\nThat puts area into shapes.py, which does not have this one yet." in text
    assert "twice is" not in text
    assert "puts twice" not in text


async def test_one_that_only_defines_what_the_file_should_have_is_not_run(recalling_agent, project):
    (project / "shapes.py").write_text("def area(a):\n    return side(a)\n")
    code = "# For shapes.py .\ndef area(a):\n    return side(a) ** 2"
    text, statuses = await told(recalling_agent, project, code)

    saving = "```python\ndef area(a):\n    return side(a) ** 2\n\nsave_definition('shapes.py', area)\n```"
    where = "That puts area into shapes.py, which does not have this one yet."
    assert f"{saving}\n{where}\nThe program did not run: it only defines." in text
    assert "NameError" not in text
    assert statuses == ["failed"]


async def test_nothing_is_put_into_a_file_where_the_user_only_asks(recalling_agent, project):
    (project / "shapes.py").write_text("def area(a):\n    return a\n")
    code = "# Does area of shapes.py square it?\ndef area(a):\n    return a * a\nprint(area(3))"
    text, _ = await told(recalling_agent, project, code)
    assert "9" in text
    assert "save_definition" not in text


@pytest.mark.parametrize("code", ["shapes.py", "area"])
async def test_an_answer_that_is_written_as_a_program_ends_the_turn(recalling_agent, project, code):
    (project / "shapes.py").write_text("def area(a):\n    return a\n")
    session = await recalling_agent.new_session(project)
    programs = [{"code": "# What of shapes.py ?\nprint(1)"}, {"code": code}, {"code": "print('never')"}]
    result = await recalling_agent.prompt(session, json.dumps(programs))

    assert result.stop_reason == "end_turn"
    assert recalling_agent.text(session) == code
    assert [call.status for call in recalling_agent.programs(session)] == ["completed", "failed"]
    text, _ = await told(recalling_agent, project, "# What of shapes.py ?\nprint(1)", code)
    assert text.count("that is the answer") == 0  # it stands in the history as what was said


async def test_no_name_is_the_answer_to_who_wants_a_change(recalling_agent, project):
    (project / "shapes.py").write_text("def area(a):\n    return a\n")
    text, _ = await told(recalling_agent, project, "# See shapes.py . Make area square it.\nprint(1)", "area")
    assert "there is nothing in it to run." in text


async def test_a_text_as_a_program_is_the_answer_where_nothing_of_the_project_is_asked(recalling_agent, project):
    session = await recalling_agent.new_session(project)
    await recalling_agent.prompt(session, json.dumps([{"code": "# What does it cost?\n'Tea costs $5'"}]))
    assert recalling_agent.text(session) == "Tea costs $5"

    text, _ = await told(recalling_agent, project, "# What of src/shapes.py ?\nprint(1)", "'Tea costs $5'")
    assert "there is nothing in it to run." in text


async def test_what_is_to_be_changed_is_put_into_its_file_where_a_program_only_defines_it(recalling_agent, project):
    (project / "shapes.py").write_text("def area(a):\n    return a\n")
    code = "# See shapes.py . Make area square it.\ndef area(a):\n    return a * a"
    text, statuses = await told(recalling_agent, project, code)
    assert (project / "shapes.py").read_text() == "def area(a):\n    return a * a\n"
    assert "Done: Edit shapes.py (area)" in text
    assert statuses == ["completed"]


async def test_who_defines_something_under_its_new_name_is_given_the_program_that_changes_the_name(
    recalling_agent, project
):
    (project / "shapes.py").write_text("def area(a):\n    return a\n")
    code = "# Rename area of shapes.py to surface.\ndef surface(a):\n    return a"
    text, statuses = await told(recalling_agent, project, code)
    assert r'search(r"\barea\b")' in text
    assert "save_definition('" not in text
    assert statuses == ["failed"]


async def test_none_is_not_taken_for_an_answer(recalling_agent, project):
    text, _ = await told(recalling_agent, project, "print({}.get('a'))", "print(None, 1)")
    assert text.count("None is no answer") == 1


async def test_a_command_that_was_asked_for_is_still_to_be_run_after_a_change(recalling_agent, project):
    begin = "# Write a file. Then run python -m this. Go on.\n"
    change = f"{begin}import os\nos.mkdir('made')\nprint('written')"
    look = "print(1)"
    run = "print(run_command('python -m this').exit_code)"
    text, statuses = await told(recalling_agent, project, look, change, change, run)
    still = "Still to be done:\n```python\nprint(run_command('python -m this').stdout)\n```"
    assert text.count(still) == 2  # after the change, and when it was written again
    assert text.index("written") < text.index(still)
    assert f"The program did not run again. {still}" in text
    assert statuses == ["completed", "completed", "failed", "completed"]


async def test_a_command_that_was_asked_for_runs_behind_a_change(recalling_agent, project):
    change = "# Write a file. Then run echo done. Go on.\nwrite_file('a.txt', 'a')"
    text, statuses = await told(recalling_agent, project, change)
    assert "\ndone\n" in text
    assert "Still to be done" not in text
    assert statuses == ["completed"]


async def test_a_change_after_which_a_command_failed_is_to_be_another_one(recalling_agent, project):
    change = "write_file('a.txt', 'a')\nprint(run_command('false').exit_code)"
    text, statuses = await told(recalling_agent, project, change, change)
    assert "The program did not run again: `false` failed. Write one that mends that." in text
    assert "Once more" not in text
    assert statuses == ["completed", "failed"]


async def test_a_guess_is_followed_by_a_look(recalling_agent, project):
    (project / "shapes.py").write_text("AREA = 3\n")
    text, _ = await told(recalling_agent, project, "print('AREA of shapes.py : 4')", "print('AREA of shapes.py : 5')")
    assert text.count("Begin with:\n```python\nprint(read_file('shapes.py'))\n```") == 2

    text, _ = await told(recalling_agent, project, "read_file('shapes.py')", "print('AREA of shapes.py : 3')")
    assert "own words" in text
    assert "Begin with" not in text
    assert "The user asked: " in text
