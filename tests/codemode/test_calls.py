"""The six external functions, and the life of a call."""

import pytest

from punie_acp.codemode.events import (
    CallFinished,
    CallProgress,
    CallRequested,
    CallStarted,
    CallType,
    Change,
    Location,
    Printed,
    ProgramChecked,
    ProgramFinished,
    ProgramLimits,
)


def test_a_call_is_requested_started_and_finished_in_order(lab):
    ran = lab.run('print("before")\ntext = read_file("a.txt")\nprint(text)')
    kinds = [type(event) for event in ran.watcher.events]
    assert kinds == [ProgramChecked, Printed, CallRequested, CallStarted, CallFinished, Printed, ProgramFinished]
    request = ran.requests[0]
    assert (request.call_id, request.source_line, request.title) == (f"t/{lab.programs}/1", 2, "Read a.txt")
    assert request.locations == (Location(str(lab.root / "a.txt")),)
    assert (request.type, request.kind, request.raw_input) == (CallType.READ, "read", {"path": "a.txt"})
    assert ran.output == "before\none\ntwo\nthree\n\n"


def test_a_read_can_be_cut_to_lines(lab):
    assert lab.run('read_file("a.txt", 2, end_line=2)').outcome.value == "'two\\n'"


def test_a_write_shows_its_diff_before_it_is_permitted(lab):
    ran = lab.run('write_file("a.txt", "new\\n")\nwrite_file("d/e.txt", "x")')
    assert ran.requests[0].changes == (Change(str(lab.root / "a.txt"), "one\ntwo\nthree\n", "new\n"),)
    assert ran.requests[1].changes == (Change(str(lab.root / "d/e.txt"), None, "x"),)
    assert (lab.root / "a.txt").read_text() == "new\n"
    assert ran.outcome.effects == ("Write a.txt", "Create d/e.txt")


def test_a_refused_write_leaves_the_file_untouched_and_raises_in_the_program(lab):
    ran = lab.run(
        'try:\n    write_file("a.txt", "x")\nexcept PermissionError as e:\n    print("refused:", e)',
        refuse=lambda call: "the user refused" if call.type is CallType.WRITE else None,
    )
    assert ran.output == "refused: the user refused\n"
    assert [finish.status for finish in ran.finishes] == ["refused"]
    assert (lab.root / "a.txt").read_text() == "one\ntwo\nthree\n"
    assert ran.outcome.effects == ()


def test_an_edit_replaces_the_only_place(lab):
    ran = lab.run('edit_file("a.txt", "two", "TWO")')
    assert (lab.root / "a.txt").read_text() == "one\nTWO\nthree\n"
    assert ran.requests[0].locations[0].line == 2


def test_an_ambiguous_edit_says_where_the_text_stands(lab):
    ran = lab.run('edit_file("src/deep/c.py", "TODO", "DONE")')
    assert "2 times (lines 1, 2)" in ran.outcome.error.message
    assert [finish.status for finish in ran.finishes] == ["failed"]


def test_a_missed_edit_shows_the_nearest_text(lab):
    ran = lab.run('edit_file("src/b.py", "# TODO: frist", "")')
    assert "the nearest is at line 1:\n# TODO: first" in ran.outcome.error.message


def test_files_are_listed_by_pattern_and_by_folder(lab):
    ran = lab.run('print(list_files("**/*.py"))\nprint(list_files("src/deep"))\nprint(len(list_files()))')
    assert ran.output == "['src/b.py', 'src/deep/c.py']\n['src/deep/c.py']\n4\n"


def test_a_search_gives_named_matches(lab):
    ran = lab.run('for m in search("TODO: (first|third)", glob="**/*.py"):\n    print(m.path, m.line, m.text)')
    assert ran.output == "src/b.py 1 # TODO: first\nsrc/deep/c.py 2 # TODO: third\n"
    assert ran.requests[0].kind == "search"


def test_a_command_streams_its_output_and_gives_its_result(lab):
    ran = lab.run(
        'r = run_command("echo out; echo err >&2; exit 3", cwd="src")\nprint(r.exit_code, r.stdout, r.stderr)'
    )
    assert ran.output == "3 out\n err\n\n"
    assert "".join(event.output for event in ran.watcher.of(CallProgress)).split() in (["out", "err"], ["err", "out"])
    request = ran.requests[0]
    assert (request.type, request.kind) == (CallType.SHELL, "execute")
    assert (request.command, request.cwd) == ("echo out; echo err >&2; exit 3", str(lab.root / "src"))


def test_a_command_ends_at_its_timeout(lab):
    ran = lab.run('r = run_command("sleep 30", timeout=0.2)\nprint(r.exit_code, r.stderr)')
    assert ran.output.startswith("124 [the time was up")


@pytest.mark.parametrize(
    "call",
    [
        'read_file(filename="a.txt")',
        'read_file(file_path="a.txt", start=1)',
        'run_command(cmd="true")',
        'search(query="x")',
    ],
)
def test_other_names_of_parameters_are_accepted(lab, call):
    assert lab.run(call).outcome.error is None


@pytest.mark.parametrize("path", ["../out.txt", "/etc/passwd", "src/../../x"])
def test_a_path_outside_is_a_permission_error_and_a_failed_call(lab, path):
    ran = lab.run(f'try:\n    read_file("{path}")\nexcept PermissionError:\n    print("no")')
    assert ran.output == "no\n"
    assert [finish.status for finish in ran.finishes] == ["failed"]


def test_a_link_that_leads_outside_is_an_error(lab, tmp_path):
    (tmp_path / "secret").write_text("s")
    (lab.root / "link").symlink_to(tmp_path)
    assert "PermissionError" in lab.run('open("link/secret").read()').outcome.error.message


def test_a_secret_file_says_why_it_asks(lab):
    (lab.root / ".env").write_text("KEY=1\n")
    assert lab.run('read_file(".env")').requests[0].sensitive


def test_a_missed_edit_of_a_secret_file_quotes_nothing_of_it(lab):
    (lab.root / ".env").write_text("TOKEN=verysecret\n")
    error = lab.run('edit_file(".env", "TOKEM=", "x")').outcome.error
    assert "exactly once" in error.message
    assert "TOKEN" not in error.message


def test_a_search_in_a_folder_that_gitignore_hides_asks(lab):
    (lab.root / ".gitignore").write_text("private/\n")
    (lab.root / "private").mkdir()
    (lab.root / "private" / "a.txt").write_text("one\n")
    asked = lab.run('search("one", "private/*.txt")\nsearch("one", "src/*.txt")').requests
    assert [request.sensitive is not None for request in asked] == [True, False]


def test_what_a_call_raises_can_be_caught(lab):
    ran = lab.run('try:\n    read_file("missing")\nexcept FileNotFoundError as e:\n    print("caught")')
    assert ran.output == "caught\n"
    assert [finish.status for finish in ran.finishes] == ["failed"]


def test_calls_over_the_limit_end_the_program(lab):
    ran = lab.run(
        'for i in range(9):\n    try:\n        read_file("a.txt")\n    except Exception:\n        pass',
        ProgramLimits(calls=4),
    )
    assert (ran.outcome.error.kind, ran.outcome.calls) == ("limit", 4)
    assert lab.run("1 + 1").outcome.value == "2"


def test_two_hundred_calls_in_one_program_have_ids_in_order(lab):
    ran = lab.run('for i in range(200):\n    read_file("a.txt")')
    assert [request.call_id for request in ran.requests] == [f"t/{lab.programs}/{n}" for n in range(1, 201)]


def test_more_pauses_than_monty_allows_by_default(lab):
    ran = lab.run('for i in range(1100):\n    read_file("a.txt")', ProgramLimits(calls=2000))
    assert (ran.outcome.error, ran.outcome.calls) == (None, 1100)


def test_arguments_of_the_wrong_kind_are_type_errors(lab):
    ran = lab.run('values = {"x": 5}\nread_file(values["x"])')
    assert ran.outcome.error.message.startswith("TypeError")


@pytest.mark.parametrize(
    ("program", "failed"),
    [
        ("write_file('a.txt', 'b')\nrun_command('grep -q a a.txt')", "grep -q a a.txt"),
        ("write_file('a.txt', 'b')\nimport subprocess\nsubprocess.run(['false'])", "false"),
        ("write_file('a.txt', 'b')\nrun_command('false')\nrun_command('true')", ""),
        ("run_command('false')\nwrite_file('a.txt', 'b')", ""),
        ("run_command('false')", ""),
        ("write_file('a.txt', 'b')\nrun_command('true')", ""),
    ],
)
def test_a_command_that_fails_after_a_change_is_noted(lab, program, failed):
    assert lab.run(program).outcome.failed == failed


@pytest.mark.parametrize(
    "code",
    [
        "import shutil\nshutil.copy('.env', 'open.txt')",
        "import shutil\nshutil.copytree('build', 'open')",
        "import shutil\nshutil.move('build/log', 'open.txt')",
        "import os\nos.rename('build/log', 'open.txt')",
    ],
)
def test_what_is_read_only_after_a_question_is_put_elsewhere_only_after_one(lab, code):
    (lab.root / ".env").write_text("KEY=1\n")
    (lab.root / "build").mkdir()
    (lab.root / "build" / "log").write_text("x\n")
    (lab.root / ".gitignore").write_text("build\n")
    (change,) = [request for request in lab.run(code).requests if request.type is CallType.WRITE]
    assert change.sensitive in ("secrets are often kept in .env files", "it is hidden by .gitignore")


def test_what_stays_hidden_or_never_was_is_put_elsewhere_without_a_reason(lab):
    (lab.root / ".gitignore").write_text("*.log\n")
    (lab.root / "a.log").write_text("x\n")
    ran = lab.run("import shutil\nshutil.copy('a.log', 'b.log')\nshutil.copy('a.txt', 'c.txt')")
    assert [request.sensitive for request in ran.requests] == [None, None]
