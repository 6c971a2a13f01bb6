"""What counts as one plain command, and which of its words a rule may go by."""

import os
import shlex
import string
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from punie_acp.server.shellwords import PLAIN, executes, first_words, simple_words

METACHARACTERS = "|&;<>()$`\\*?[]#~{}!\n\r\t^"
WORDS = st.text(alphabet=string.ascii_letters + string.digits + "_-./:@%+,", min_size=1, max_size=8)
QUOTED = st.text(alphabet=string.ascii_letters + METACHARACTERS + " ", max_size=8)
LINES = st.text(alphabet=string.ascii_letters + METACHARACTERS + " '\"-=./", max_size=30)


def outside_of_quotes(line):
    """The characters that stand outside of quotes, by a reading of its own: the shell's, without any expansion."""
    quote, outside = "", ""
    for char in line:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            outside += char
    return outside


@given(LINES)
@example("a && b")
@example("a 'b")
@example('a "$(b)"')
def test_nothing_with_a_metacharacter_outside_of_quotes_is_simple(line):
    if set(outside_of_quotes(line)) & set(METACHARACTERS):
        assert simple_words(line) is None


@given(st.lists(WORDS, min_size=1, max_size=4), QUOTED, st.sampled_from(METACHARACTERS), st.data())
def test_a_metacharacter_put_anywhere_between_words_ends_simplicity(words, quoted, meta, data):
    line = " ".join([*words, f"'{quoted.replace(chr(39), '')}'"])
    place = data.draw(st.integers(0, len(" ".join(words))))
    assert simple_words(line[:place] + meta + line[place:]) is None


SHELL_LINES = st.one_of(
    LINES,
    st.lists(
        st.one_of(WORDS, QUOTED.map(shlex.quote), QUOTED.map(lambda text: f'"{text}"')), min_size=1, max_size=5
    ).map(" ".join),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(SHELL_LINES, min_size=40, max_size=40))
def test_what_is_simple_is_to_a_shell_the_very_same_words(lines):
    simple = [(line, words) for line in lines if (words := simple_words(line)) is not None]
    # `set --` takes the words of the line as a program would be given them, without running any.
    script = "".join(f"set -- {line}\nprintf '%s\\0' \"$@\"\nprintf 'END\\0'\n" for line, _ in simple)
    with_no_matches = {"PATH": os.environ["PATH"]}
    shown = subprocess.run(
        ["/bin/sh"], input=script, capture_output=True, text=True, env=with_no_matches, cwd="/", check=True
    )
    assert shown.stderr == ""
    told = [tuple(chunk.split("\0")[:-1]) for chunk in shown.stdout.split("END\0")[:-1]]
    assert told == [words for _, words in simple]


def test_plain_characters_mean_nothing_to_a_shell():
    assert not PLAIN & set(METACHARACTERS)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pytest -q tests", "pytest"),
        ("git status", "git status"),
        ("git commit -m 'one; two && three'", "git commit"),
        ("npm run test -- --watch", "npm run test"),
        ("npm test", "npm test"),
        ("cargo build --release", "cargo build"),
        ("uv run pytest -q", "uv run pytest"),
        ("python -m pytest -q", "python -m pytest"),
        ("python3.12 -m mypy src", "python3.12 -m mypy"),
        ("docker ps", "docker ps"),
        ("go test ./...", "go test"),
        ("make test", "make test"),
        ("ruff check .", "ruff"),
        ("./scripts/build.sh --fast", "./scripts/build.sh"),
        ('grep -n "a b" src/a.py', "grep"),
    ],
)
def test_a_plain_command_is_named_by_its_first_words(line, words):
    assert first_words(simple_words(line)) == tuple(words.split())


@pytest.mark.parametrize(
    "line",
    [
        "git status && rm -rf b",
        "git status; rm b",
        "git status | sh",
        "git status || rm b",
        "git status & rm b",
        "git status\nrm b",
        "git log > /etc/passwd",
        "git log < a",
        "git show $(rm b)",
        "git show `rm b`",
        'git show "$(rm b)"',
        "diff <(rm b) c",
        "git $SUB",
        'git "$SUB"',
        "git status \\\n -s",
        "git statu\\s",
        "gi? status",
        "g*t status",
        "git 'status",
        "git status #x",
        "git status\x00",
        "git status \u202e",
        "git\u00a0status",
        "git status {a,b}",
        "~/git status",
        "",
        "   ",
        "''",
        "!! x",
    ],
)
def test_a_compound_command_has_no_words(line):
    assert simple_words(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "sh -c 'git status'",
        "bash -c 'git status'",
        "BASH -c 'git status'",
        "/bin/sh x",
        "env X=1 git status",
        "X=1 git status",
        "GIT_SSH_COMMAND=evil git fetch",
        "xargs git status",
        "find . -exec rm '{}' +",
        "eval 'git status'",
        "sudo git status",
        "python -c 'x'",
        "python x.py",
        "python3 -m pdb x",
        "node -e x",
        "git -c alias.status=evil status",
        "git -C /elsewhere status",
        "git config core.pager evil",
        "uv run python -c x",
        "uv run --with evil pytest",
        "npx evil",
        "npm exec evil",
        "npm install evil",
        "npm run",
        "make",
        "docker run alpine",
        "timeout 5 pytest",
        "ssh host pytest",
        "tar xf a.tar --to-command=evil",
        "'a b' c",
        "rm a",
        "cp a b",
    ],
)
def test_what_does_not_say_what_it_does_has_no_first_words(line):
    assert first_words(simple_words(line)) is None


@pytest.mark.parametrize(
    "line",
    [
        "git rebase --exec=evil",
        "git rebase --exe evil",
        "git rebase -ix evil",
        "git fetch --upload-pack=evil",
        "git diff --ext-diff",
        "git grep -Oevil x",
        "git log --output=a",
        "go test -exec evil",
        "go vet -vettool=evil",
        "fd -x evil",
        "sort -o a b",
        "rg --pre evil x",
        "make test SHELL=evil",
        "uv run fd -x evil",
    ],
)
def test_options_that_run_or_write_something_else_are_noticed(line):
    words = simple_words(line)
    assert first_words(words) is not None
    assert executes(words)


@pytest.mark.parametrize(
    "line", ["pytest -x -q", "git log --oneline -5", "ruff check --output-format=concise", "ls -la"]
)
def test_ordinary_options_are_not(line):
    assert not executes(simple_words(line))
