"""Permissions: which calls ask, which are refused outright, and how far an "always" reaches."""

from dataclasses import replace

import anyio
import pytest

from punie_acp.codemode.events import CallRequested, CallType, Location
from punie_acp.server.permissions import Permissions
from punie_acp.server.questions import options_for, permission_request, question_title
from punie_acp.server.rules import MemoryRules, RuleBook, describe_rules, revoke_numbered
from punie_acp.server.store import open_store
from punie_acp.server.updates import call_question


@pytest.fixture
def project(tmp_path):
    for folder in ("src/sub", "docs", ".git/hooks"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def book(project):
    return RuleBook([project])


def call(type_, kind, title, paths=(), function="f", **facts):
    return CallRequested(
        call_id="t1/p1/1",
        program_id="t1/p1",
        type=type_,
        kind=kind,
        function=function,
        title=title,
        source_line=1,
        raw_input={},
        locations=tuple(Location(str(path)) for path in paths),
        **facts,
    )


def read(path, sensitive=None):
    return call(CallType.READ, "read", f"Read {path.name}", [path], sensitive=sensitive)


def write(*paths, kind="edit", function="write_file"):
    return call(CallType.WRITE, kind, f"Write {paths[0].name}", paths, function)


def run(command, cwd):
    return call(CallType.SHELL, "execute", f"Run {command}", command=command, cwd=str(cwd))


def decide(permissions, request, answer="cancelled"):
    asked = []

    async def ask(asked_call, question):
        assert asked_call is request
        asked.append(question)
        return answer

    return anyio.run(permissions.decide, request, ask), asked


def asks(permissions, request):
    decision, asked = decide(permissions, request)
    assert decision.allowed is not bool(asked) or not decision.allowed
    return bool(asked)


@pytest.mark.parametrize(
    ("mode", "what", "question", "allowed"),
    [
        ("ask", "read", False, True),
        ("ask", "secret", True, False),
        ("ask", "write", True, False),
        ("ask", "ls", True, False),
        ("auto", "read", False, True),
        ("auto", "secret", True, False),
        ("auto", "write", False, True),
        ("auto", "ls", False, True),
        ("read-only", "read", False, True),
        ("read-only", "secret", True, False),
        ("read-only", "write", False, False),
        ("read-only", "ls", False, False),
    ],
)
def test_a_mode_says_what_asks_and_what_is_refused(project, book, mode, what, question, allowed):
    calls = {
        "read": read(project / "a.py"),
        "secret": read(project / ".env", "secrets are kept here"),
        "write": write(project / "a.py"),
        "ls": run("ls", project),
    }
    decision, asked = decide(Permissions(mode, book), calls[what])
    assert (bool(asked), decision.allowed) == (question, allowed)


# What "always" covers.


def test_always_allowing_a_command_covers_what_begins_with_the_same_words(project, book):
    permissions = Permissions("ask", book)
    decide(permissions, run("git status", project), "allow_always")

    assert not asks(permissions, run("git status -s src", project))
    assert not asks(permissions, run("git status", project / "src"))
    for other in (
        "git stash",
        "git",
        "git push",
        "gitstatus",
        "git -C . status",
        "sudo git status",
        "/usr/bin/git status",
    ):
        assert asks(permissions, run(other, project)), other


@pytest.mark.parametrize(
    "tail",
    ["; id", "&& id", "|| id", "| sh", "& id", "\nid", "> a", ">> a", "< a", "$(id)", "`id`", '"$(id)"', "${X}", "$X",
     "<(id)", "*", "\\\n", "~", "{a,b}", "#", "'"],
)  # fmt: skip
@pytest.mark.parametrize("before", ["git status", "pytest", "npm run test"])
def test_a_compound_command_never_matches_the_rule_of_its_first_word(project, book, before, tail):
    permissions = Permissions("ask", book)
    decide(permissions, run(before, project), "allow_always")
    assert not asks(permissions, run(before, project))
    assert asks(permissions, run(f"{before} {tail}", project))
    assert asks(permissions, run(f"{before}{tail}", project))


@pytest.mark.parametrize("line", ["sh -c pytest", "bash -c 'pytest'", "env X=1 pytest", "X=1 pytest", "xargs pytest",
                                  "find . -exec pytest '{}' +", "eval pytest", "sudo pytest", "python -c pytest",
                                  "id; pytest", "$(pytest)", "`pytest`", "'pytest' && id", "py*est"])  # fmt: skip
def test_a_command_around_it_never_matches_either(project, book, line):
    permissions = Permissions("ask", book)
    decide(permissions, run("pytest", project), "allow_always")
    assert asks(permissions, run(line, project))


def test_a_compound_command_is_remembered_word_for_word_only(project, book):
    permissions = Permissions("ask", book)
    line = "cd src && pytest -q | tail -5"
    decide(permissions, run(line, project), "allow_always")
    assert not asks(permissions, run(line, project))
    assert asks(permissions, run(f"{line} ", project))
    assert asks(permissions, run("cd src && pytest -q | tail -6", project))


@pytest.mark.parametrize("word", ["/etc/passwd", "../other", ".env", "src/../.env", "--file=.env", "-C/etc", "x:/etc/a",
                                  ".git/config", "src/../../x"])  # fmt: skip
def test_a_rule_for_commands_covers_no_path_outside_and_no_secret(project, book, word):
    permissions = Permissions("ask", book)
    decide(permissions, run("cat a", project), "allow_always")
    assert not asks(permissions, run("cat src/a.py", project))
    assert asks(permissions, run(f"cat {word}", project))


def test_a_rule_for_commands_covers_no_other_folder_of_the_session(project, tmp_path_factory):
    more = tmp_path_factory.mktemp("more")
    permissions = Permissions("ask", RuleBook([project, more]))
    decide(permissions, run("make test", project), "allow_always")
    assert not asks(permissions, run("make test", project))
    assert asks(permissions, run("make test", more))


@pytest.mark.parametrize("given", [{"input": "rm -rf src"}, {"env": {"GIT_SSH": "evil"}}, {"options": {"input": "x"}}])
def test_a_rule_for_commands_covers_none_that_is_given_more_than_its_words(project, book, given):
    permissions = Permissions("ask", book)
    decide(permissions, run("git fetch", project), "allow_always")
    decide(permissions, run("xargs echo", project), "allow_always")
    for line in ("git fetch", "xargs echo"):
        more = replace(run(line, project), raw_input={"args": line, **given})
        _, [question] = decide(permissions, more)
        assert question.allowing is None
        shown = permission_request("s", call_question(more), question).tool_call.content[-1].content.text
        assert any(text in shown for text in ("rm -rf src", "GIT_SSH=evil", "x"))


def test_always_allowing_a_change_covers_the_folder(project, book):
    permissions = Permissions("ask", book)
    decide(permissions, write(project / "src" / "a.py"), "allow_always")

    assert not asks(permissions, write(project / "src" / "b.py"))
    assert not asks(permissions, write(project / "src" / "sub" / "c.py"))
    assert not asks(permissions, write(project / "src" / "a.py", project / "src" / "b.py", kind="move"))
    for other in (
        write(project / "a.py"),
        write(project / "docs" / "a.md"),
        write(project / "srcs" / "a.py"),
        write(project / "src" / "a.py", project / "docs" / "a.py", kind="move"),
        write(project / "src" / "a.py", kind="delete", function="os.remove"),
        write(project / "src" / "sub", kind="delete", function="shutil.rmtree"),
        write(project / "src" / ".env"),
        write(project / "src" / "id_rsa"),
        write(project / "src" / ".git" / "hooks" / "pre-commit"),
        write(project.parent / "src" / "a.py"),
    ):
        assert asks(permissions, other), other.locations


def test_always_allowing_a_change_in_the_project_s_own_folder_covers_one_file(project, book):
    permissions = Permissions("ask", book)
    decide(permissions, write(project / "README.md"), "allow_always")
    assert not asks(permissions, write(project / "README.md"))
    assert asks(permissions, write(project / "setup.py"))


def test_deleting_has_rules_of_its_own(project, book):
    permissions = Permissions("ask", book)
    decide(permissions, write(project / "src" / "a.py", kind="delete"), "allow_always")
    assert not asks(permissions, write(project / "src" / "b.py", kind="delete"))
    assert asks(permissions, write(project / "src" / "b.py"))
    assert asks(permissions, write(project / "docs" / "b.py", kind="delete"))
    decide(permissions, write(project / "a.py", kind="delete"), "allow_always")
    assert not asks(permissions, write(project / "a.py", kind="delete"))
    assert asks(permissions, write(project / "docs" / "b.py", kind="delete"))


def test_a_copy_of_a_secret_asks_in_every_mode_and_whatever_is_allowed_for_its_folder(project, book):
    copy = replace(write(project / "src" / "b"), sensitive="secrets")
    permissions = Permissions("ask", book)
    decide(permissions, write(project / "src" / "a"), "allow_always")
    assert not asks(permissions, write(project / "src" / "b"))
    assert asks(permissions, copy)
    assert permissions.question(copy).allowing is None
    permissions.mode = "auto"
    assert asks(permissions, copy)


def test_always_allowing_a_secret_file_allows_only_that_file(project, book):
    permissions = Permissions("ask", book)
    decide(permissions, read(project / ".env", "secrets"), "allow_always")
    assert not asks(permissions, read(project / ".env", "secrets"))
    assert asks(permissions, read(project / "id_rsa", "a key"))
    assert asks(permissions, write(project / ".env"))


def test_a_function_of_a_server_has_a_rule_by_its_name(project, book):
    permissions = Permissions("ask", book)
    weather = call(CallType.SHELL, "other", "weather: forecast", function="weather: forecast")
    decide(permissions, weather, "allow_always")
    assert not asks(permissions, weather)
    assert asks(permissions, call(CallType.SHELL, "other", "weather: set", function="weather: set"))
    assert asks(permissions, run("forecast", project))


# What wins.


def test_rejecting_always_wins_over_allowing_always(project, book):
    permissions = Permissions("ask", book)
    decide(permissions, write(project / "src" / "a.py"), "allow_always")
    decide(permissions, write(project / "src" / "sub" / "b.py"), "reject_once")
    inner = write(project / "src" / "sub" / "b.py")
    book.add(book.rejection_for(inner))
    decision, asked = decide(permissions, inner)
    assert (decision.allowed, asked) == (False, [])
    assert "always refuses changes under src/sub/" in decision.reason
    assert not asks(permissions, write(project / "src" / "a.py"))


@pytest.mark.parametrize("line", ["git push origin main", "true && git push", "sh -c 'git push'", "env A=1 git push",
                                  "git -C src push", "/usr/bin/git push", "echo $(git push)"])  # fmt: skip
@pytest.mark.parametrize("mode", ["ask", "auto"])
def test_a_rejected_command_is_rejected_inside_of_another(project, book, line, mode):
    decide(Permissions("ask", book), run("git push", project), "reject_always")
    decision, asked = decide(Permissions(mode, book), run(line, project))
    assert (decision.allowed, asked) == (False, [])


@pytest.mark.parametrize("mode", ["ask", "auto"])
@pytest.mark.parametrize(
    "line", ["rm -rf src", "git push --force", "git push && rm -rf src", "curl x | sh", "echo x > ../a"]
)
def test_danger_asks_in_every_mode_and_no_rule_silences_it(project, book, mode, line):
    permissions = Permissions(mode, book)
    for harmless in ("git push", "rm src/a.py", "curl x"):
        decide(Permissions("ask", book), run(harmless, project), "allow_always")
    decision, [question] = decide(permissions, run(line, project), "allow_always")
    assert question.reason
    assert question.allowing is None
    assert not decision.allowed, "what is not offered allows nothing"
    assert asks(permissions, run(line, project))
    assert decide(permissions, run(line, project), "allow_once")[0].allowed


@pytest.mark.parametrize("mode", ["ask", "auto"])
def test_what_changes_git_s_own_files_secrets_or_whole_folders_asks_in_every_mode(project, book, mode):
    permissions = Permissions(mode, book)
    for request in (
        write(project / ".git" / "hooks" / "pre-commit"),
        write(project / ".env"),
        write(project / "src", kind="delete", function="shutil.rmtree"),
    ):
        assert decide(permissions, request)[1][0].allowing is None


def test_a_dangerous_command_may_be_rejected_for_always_word_for_word(project, book):
    permissions = Permissions("auto", book)
    decide(permissions, run("git push --force", project), "reject_always")
    assert not decide(permissions, run("git push --force", project))[1]
    assert decide(permissions, run("git push", project))[0].allowed


def test_a_remembered_rule_does_not_outweigh_read_only_mode(project, book):
    permissions = Permissions("ask", book)
    decide(permissions, write(project / "src" / "a.py"), "allow_always")
    permissions.mode = "read-only"
    decision, asked = decide(permissions, write(project / "src" / "a.py"))
    assert (decision.allowed, asked) == (False, [])


def test_a_refusal_says_who_refused_what(project, book):
    decision, _ = decide(Permissions("ask", book), write(project / "a.py"), "reject_once")
    assert decision.reason == "the user refused: Write a.py"


# The question.


def test_the_options_say_what_will_be_remembered(project, book):
    permissions = Permissions("ask", book)

    def names(request):
        return [option.name for option in options_for(permissions.question(request))]

    assert names(run("git status -s", project)) == [
        "Allow", "Always allow `git status`", "Reject", "Always reject `git status`",
    ]  # fmt: skip
    assert names(write(project / "src" / "a.py"))[1] == "Always allow changes under src/"
    assert names(write(project / "a.py"))[1] == "Always allow changes to a.py"
    assert names(read(project / ".env", "secrets"))[1] == "Always allow reading .env"
    assert names(run("a && b", project))[1] == "Always allow exactly `a && b`"
    assert names(run("a && " + "b" * 100, project))[1] == "Always allow exactly this command"
    assert names(run("rm -rf src", project)) == ["Allow", "Reject", "Always reject exactly `rm -rf src`"]
    assert names(write(project / "src" / "a.py", kind="delete"))[1] == "Always allow deleting files under src/"


def test_the_question_shows_the_whole_command_and_the_reason(project, book):
    permissions = Permissions("auto", book)
    command = "rm -rf " + " ".join(f"folder{number}" for number in range(100)) + "\n```"
    request = call(CallType.SHELL, "execute", "Run rm -rf fol…", command=command, cwd=str(project))
    question = permissions.question(request)

    sent = permission_request("s", call_question(request), question)
    texts = [item.content.text for item in sent.tool_call.content]

    assert command in sent.tool_call.title
    assert sent.tool_call.title.startswith("Careful, this deletes files for good (rm -rf)")
    assert "deletes files for good" in texts[0]
    assert f"````sh\n{command}\n````" in texts[1]
    assert question_title(permissions.question(run("ls", project))) == "Run ls"


# The book.


def test_rules_last_in_the_store_and_belong_to_their_project(project, tmp_path_factory):
    store = open_store(tmp_path_factory.mktemp("data") / "sessions.db")
    other = tmp_path_factory.mktemp("other")
    decide(Permissions("ask", RuleBook([project], store)), run("git status", project), "allow_always")

    assert not asks(Permissions("ask", RuleBook([project], store)), run("git status", project))
    assert asks(Permissions("ask", RuleBook([other], store)), run("git status", other))
    store.close()


def test_a_rule_revoked_elsewhere_counts_no_more(project):
    store = MemoryRules()
    here, there = RuleBook([project], store), RuleBook([project], store)
    permissions = Permissions("ask", here)
    decide(permissions, run("git status", project), "allow_always")
    assert there.revoke(there.rules[0].rule_id)
    assert not there.revoke("unknown")
    assert asks(permissions, run("git status", project))


def test_the_rules_are_told_and_revoked_by_number(project, book):
    permissions = Permissions("ask", book)
    assert "Nothing is remembered" in describe_rules(book)
    for request in (run("git status", project), write(project / "src" / "a.py"), run("a && " + "b" * 100, project)):
        decide(permissions, request, "allow_always")
    decide(permissions, run("npm test", project), "reject_always")

    told = describe_rules(book)

    assert "1. Always allow `git status`" in told
    assert "2. Always allow changes under src/" in told
    assert f"3. Always allow exactly 'a && {'b' * 100}'" in told
    assert "4. Always reject `npm test`" in told
    assert revoke_numbered(book, "2") == "Forgotten: changes under src/."
    assert asks(permissions, write(project / "src" / "a.py"))
    for wrong in ("0", "9", "-1", "x", "", "²"):
        assert "There is no rule" in revoke_numbered(book, wrong)
    assert len(book.rules) == 3
    revoke_numbered(book, "all")
    assert book.rules == ()


def test_a_new_answer_takes_the_place_of_the_old_one(project, book):
    permissions = Permissions("ask", book)
    decide(permissions, run("git status", project), "reject_always")
    book.add(book.rule_for(run("git status", project)))
    assert [rule.effect for rule in book.rules] == ["allow"]


def test_a_rule_of_a_later_version_is_left_alone(project):
    from punie_acp.server.store.base import RuleRecord

    store = MemoryRules()
    store.add_rule(str(project), RuleRecord("r1", "allow", "shell/command", "moon:phase"))
    store.add_rule(str(project), RuleRecord("r2", "allow", "telepathy", "words:git"))
    assert RuleBook([project], store).rules == ()
