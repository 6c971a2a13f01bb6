"""Every command that a shell line may run, as far as it can be seen before: for questions about danger and rejections.

This is the opposite of `shellwords.py`: it takes a line apart however it is built (lists, pipes, `$(…)`, `<(…)`, quotes
in quotes, `sh -c`, `env`, `xargs`, `find -exec`) and would rather see a command too many than one too few. What only
the shell knows when it runs is marked as unsure. It never decides that something is harmless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from punie_acp.server.embedded import embedded_in
from punie_acp.server.programs import program_name, programs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from punie_acp.server.embedded import Embedded
    from punie_acp.server.programs import Wrapper

MAX_DEPTH = 8
"""Commands within commands; deeper ones are unsure."""

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_KEYWORDS = frozenset(
    {
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "while",
        "until",
        "do",
        "done",
        "for",
        "select",
        "case",
        "esac",
        "in",
        "function",
        "!",
        "{",
        "}",
        "coproc",
        "[[",
        "]]",
    }
)
_SHELLS = frozenset(
    {"sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "su", "script", "busybox", "pwsh", "powershell"}
)
_GIT_WITH_ARGUMENT = frozenset(
    {"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--super-prefix", "--config-env"}
)
_AWK = frozenset({"awk", "gawk", "mawk", "nawk"})
_WITH_VARIABLES = frozenset({"make", "gmake", "just", "task"})
_OPTION = re.compile(r"-\w|--[\w-]+=")
_OPERATOR = re.compile(r"&&|\|\||\|&|;;&?|;&|[;|&()\n]")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = dict(zip("abefnrtv\\'\"?", "\a\b\x1b\f\n\r\t\v\\'\"?", strict=True))
_REDIRECT = re.compile(r"(?:\{\w+\}|\d+)?(?:&>>|&>|>>|>\||>&|<<<|<<-?|<>|<&|>|<)")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as the program gets it. `unsure`: the shell puts something in that is not known before."""

    text: str
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One command of a line."""

    words: tuple[Word, ...]
    redirects: tuple[tuple[str, Word], ...] = ()  # operator and target
    piped: bool = False  # it reads what another command prints
    assigned: tuple[tuple[str, Word], ...] = ()  # variables in front; a value may be a command: GIT_SSH_COMMAND, PAGER
    code: str | None = None  # the text that an interpreter of no shell is given to run
    language: str = ""  # of `code`: the interpreter's name, without a version

    def plain(self) -> tuple[Word, ...]:
        """The words; of git without the options that stand before its subcommand."""
        if not self.words or program_name(self.words[0].text) != "git":
            return self.words
        rest = list(self.words[1:])
        while rest and rest[0].text.startswith("-"):
            del rest[: 2 if rest[0].text in _GIT_WITH_ARGUMENT else 1]
        return (Word("git"), *rest)

    def plain_words(self) -> tuple[str, ...]:
        """The texts of `plain`."""
        return tuple(word.text for word in self.plain())


@dataclass(slots=True)
class _Open:
    """A part while it is read."""

    words: list[Word] = field(default_factory=list[Word])
    redirects: list[tuple[str, Word]] = field(default_factory=list[tuple[str, Word]])
    piped: bool = False
    assigned: list[tuple[str, Word]] = field(default_factory=list[tuple[str, Word]])  # variables in front
    redirect: str | None = None  # an operator whose target is next
    names_function: bool = False  # `function` stands before the next word


def parts_of(line: str, depth: int = 0) -> list[Part]:
    """All commands of `line` in the order in which they stand, those within others behind them."""
    if depth > MAX_DEPTH:
        return [Part((Word(line, unsure=True),))]
    found: list[Part] = []
    for part in _Lexer(line, depth, found).parts():
        found.append(part)
        found += _inner(part, depth)
    return found


class _Lexer:
    """Reads one line; commands in `$(…)` and the like go to `found` at once."""

    def __init__(self, line: str, depth: int, found: list[Part]) -> None:
        self._line = line
        self._depth = depth
        self._found = found
        self._place = 0

    def parts(self) -> Iterator[Part]:
        line, part = self._line, _Open()
        while self._place < len(line):
            char = line[self._place]
            redirect = _REDIRECT.match(line, self._place)
            if redirect and line[redirect.end() : redirect.end() + 1] != "(":
                part.redirect, self._place = redirect[0].lstrip("0123456789"), redirect.end()
            elif operator := _OPERATOR.match(line, self._place):
                self._place = operator.end()
                yield from _closed(part)
                part = _Open(piped=operator[0] in ("|", "|&"))
            elif char in " \t\r":
                self._place += 1
            elif line.startswith("\\\n", self._place):
                self._place += 2
            elif char == "#":
                self._place = _line_end(line, self._place)
            else:
                _take(part, self._word())
        yield from _closed(part)

    def _word(self) -> Word:
        """The word that begins here."""
        text, unsure, line, start = "", False, self._line, self._place
        while self._place < len(line):
            char = line[self._place]
            if char in " \t\r\n;|&()" and not self._opens_process():
                break
            if char in "<>" and not self._opens_process():
                break
            piece, doubt = self._piece(char)
            text, unsure = text + piece, unsure or doubt
        if self._place == start:  # such as the `<` of `<<(`, which no shell takes
            self._place += 1
            return Word(line[start], unsure=True)
        return Word(text, unsure)

    def _opens_process(self) -> bool:
        return self._line.startswith(("<(", ">(", "=("), self._place)

    def _piece(self, char: str) -> tuple[str, bool]:
        if char == "'":
            return self._until("'"), False
        if char == '"':
            return self._double_quoted()
        if char == "\\":
            self._place += 2
            escaped = self._line[self._place - 1 : self._place]
            return escaped.replace("\n", ""), False
        if char in "$`" or self._opens_process():
            return self._expansion(char)
        self._place += 1
        return char, char in "*?[{~"

    def _until(self, quote: str) -> str:
        """What stands between the quote here and the next; all that is left where there is none."""
        end = self._line.find(quote, self._place + 1)
        end = len(self._line) if end < 0 else end
        inside, self._place = self._line[self._place + 1 : end], end + 1
        return inside

    def _double_quoted(self) -> tuple[str, bool]:
        text, unsure = "", False
        self._place += 1
        while self._place < len(self._line) and self._line[self._place] != '"':
            char = self._line[self._place]
            piece, doubt = self._piece(char) if char in "$`\\" else (char, False)
            self._place += 0 if char in "$`\\" else 1
            text, unsure = text + piece, unsure or doubt
        self._place += 1
        return text, unsure

    def _expansion(self, char: str) -> tuple[str, bool]:
        """`$NAME`, `${…}`, `$(…)`, backticks, `<(…)`, `$'…'`. What runs in it becomes parts of the line."""
        line = self._line
        if char == "`":
            inside = self._until("`").replace("\\`", "`")
            self._found += parts_of(inside, self._depth + 1)
            return f"`{inside}`", True
        opening = line[self._place + 1 : self._place + 2]
        if opening == "'" and char == "$":
            self._place += 1
            return _ESCAPE.sub(_unescaped, self._until("'")), True
        if opening not in ("(", "{"):
            self._place += 1
            return char, True
        inside = self._bracketed({"(": ")", "{": "}"}[opening])
        if opening == "(" or "$(" in inside or "`" in inside:
            self._found += parts_of(inside, self._depth + 1)
        return f"{char}{opening}{inside}", True

    def _bracketed(self, closing: str) -> str:
        """What stands between the bracket behind this place and the one that closes it, quotes heeded."""
        start = place = self._place + 2
        level, opening, quote = 1, {")": "(", "}": "{"}[closing], ""
        while place < len(self._line) and level:
            char = self._line[place]
            if char == "\\" and quote != "'":
                place += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            else:
                level += (char == opening) - (char == closing)
            place += 1
        self._place = place
        return self._line[start : place - (level == 0)]


def _unescaped(escape: re.Match[str]) -> str:
    """What an escape in `$'…'` stands for; one that is none stays as it is."""
    code = escape[1]
    if code[0] in "xu" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    return _ESCAPED.get(code, escape[0])


def _line_end(line: str, place: int) -> int:
    end = line.find("\n", place)
    return len(line) if end < 0 else end


def _take(part: _Open, word: Word) -> None:
    if part.redirect is not None:
        part.redirects.append((part.redirect, word))
        part.redirect = None
    elif not part.words and (assigned := _ASSIGNMENT.match(word.text)):
        part.assigned.append((assigned[0].rstrip("+="), Word(word.text[assigned.end() :], word.unsure)))
    elif part.names_function:
        part.names_function = False
    elif part.words or word.text not in _KEYWORDS:
        part.words.append(word)
    else:
        part.names_function = word.text == "function"


def _closed(part: _Open) -> Iterator[Part]:
    if part.words or part.redirects or part.assigned:
        yield Part(tuple(part.words), tuple(part.redirects), part.piped, assigned=tuple(part.assigned))


# Commands that run commands.


def beginnings(texts: Sequence[str], before: int = 0, with_argument: Collection[str] = ()) -> list[int]:
    """Where what follows a program's own options may begin: one that is not known may have the next word as argument.

    `before` words that are no options stand in front of it, and variables and times may.
    """
    place, behind_option = 0, False
    while place < len(texts):
        text = texts[place]
        if text in with_argument:
            place, behind_option = place + 1, False
        elif text.startswith(("-", "+")) and len(text) > 1:
            behind_option = text != "--" and "=" not in text
        elif before:
            before -= 1
        elif not (_ASSIGNMENT.match(text) or _is_duration(text)):
            return [place, place + 1] if behind_option and place + 1 < len(texts) else [place]
        place += 1
    return []


def _inner(part: Part, depth: int) -> list[Part]:
    """What `part` runs in turn."""
    if part.assigned and depth <= MAX_DEPTH:
        values = [value.text for _, value in part.assigned if " " in value.text]
        commands = [inner for value in values for inner in parts_of(value, depth + 1)]
        return [*commands, *_inner(replace(part, assigned=()), depth)]
    if not part.words:
        return []
    if depth > MAX_DEPTH:
        return [Part((Word(part.words[0].text, unsure=True),))]
    name, rest = program_name(part.words[0].text), part.words[1:]
    found = _of_interpreter(name, rest, depth)
    if name in ("eval", "trap", "ssh", "watch"):
        found += parts_of(" ".join(word.text for word in rest), depth + 1)
    if name == "alias":
        found += [inner for word in rest for inner in parts_of(word.text.partition("=")[2], depth + 1)]
    if name in ("find", "fd", "fdfind"):
        found += _executed_by_find(rest, depth)
    for one in embedded_in(name, [word.text for word in rest]):
        found += _done_by_text(one, rest, depth)
    for wrapper in programs().wrappers.get(name, ()):
        found += _wrapped(part, wrapper, depth)
    return found + [inner for command in _given_commands(name, rest) for inner in parts_of(command, depth + 1)]


def _done_by_text(one: Embedded, rest: tuple[Word, ...], depth: int) -> list[Part]:
    """What a text in a small language does, as the commands that would do it."""
    if one.file:
        return [Part((Word("tee"), Word(one.file, unsure=bool(set(one.file) & set("$`")))))]
    if one.code:
        return [Part(rest, code=one.code)]
    return parts_of(one.command, depth + 1) if one.command else [Part((Word(one.unknown, unsure=True),))]


def _of_interpreter(name: str, rest: tuple[Word, ...], depth: int) -> list[Part]:
    known, base = programs(), re.sub(r"[0-9.]+$", "", name)
    found = list[Part]()
    if options := known.interpreters.get(name) or known.interpreters.get(base):
        found += _given_code(name, rest, options, depth)
    if base in ("python", "pypy"):
        module = next((place for place, word in enumerate(rest) if word.text == "-m"), len(rest))
        found += _run_by(Part((Word(name),)), rest[module + 1 :], depth)
    if name in _AWK:
        found += _awk_program(rest)
    return found


def _given_code(name: str, rest: tuple[Word, ...], options: frozenset[str], depth: int) -> list[Part]:
    """The text behind `-c`. Letters before the `c` of a cluster (`-lc`) are options without arguments."""
    letters, language = {option[1:] for option in options if len(option) == 2}, re.sub(r"[0-9.]+$", "", name)
    rest = tuple(word for word in rest if word.text != "--")
    for place, word in enumerate(rest):
        option, equals, value = word.text.partition("=")
        if equals and option in options:
            return [Part(rest, code=value, language=language)]
        clustered = word.text.startswith("-") and not word.text.startswith("--") and word.text[-1:] in letters
        if (word.text.lower() in options or clustered) and place + 1 < len(rest):
            code = rest[place + 1]
            shell = name in _SHELLS
            unsure = [Part((Word(code.text, unsure=True),))] if code.unsure and shell else []
            return (
                [*unsure, *parts_of(code.text, depth + 1)] if shell else [Part(rest, code=code.text, language=language)]
            )
    return []


def _awk_program(rest: tuple[Word, ...]) -> list[Part]:
    texts = [word.text for word in rest]
    return [Part(rest, code=texts[place]) for place in beginnings(texts)]


def _given_commands(name: str, rest: tuple[Word, ...]) -> list[str]:
    """What options of programs of no shell have them run: `git rebase -x 'make test'`, `rg --pre …`, `make SHELL=…`."""
    known = programs()
    letters = known.executing_letters.get(name, frozenset[str]())
    found: list[str] = []
    for place, word in enumerate(rest):
        option, _, value = word.text.partition("=")
        following = rest[place + 1].text if place + 1 < len(rest) else ""
        if option in known.executing or (name in _WITH_VARIABLES and value):
            found.append(value or following)
        elif word.text[:1] == "-" and word.text[1:2] in letters:
            found.append(word.text[2:] or following)
    return [command for command in found if " " in command]


def _wrapped(part: Part, wrapper: Wrapper, depth: int) -> list[Part]:
    """The command behind `env A=b`, `timeout 5`, `xargs -n 1`, `uv run`."""
    rest, found = part.words[1:], list[Part]()
    if wrapper.begins:
        texts = [word.text.lower() for word in rest]
        ends = (place + len(wrapper.begins) for place in beginnings(texts))
        end = next((end for end in ends if tuple(texts[end - len(wrapper.begins) : end]) == wrapper.begins), None)
        if end is None:
            return []
        rest = rest[end:]
    for word in rest:
        if word.text.startswith("-") and " " in word.text:  # env -S'rm -rf x', --split-string='rm -rf x'
            found += parts_of(_OPTION.sub("", word.text, count=1), depth + 1)
    for place in beginnings([word.text for word in rest], wrapper.before, wrapper.options):
        found += _run_by(part, rest[place:], depth)
    return found


def _run_by(part: Part, command: tuple[Word, ...], depth: int) -> list[Part]:
    while command and command[0].text in _KEYWORDS:
        command = command[1:]
    if not command:
        return []
    if " " in command[0].text:
        return parts_of(command[0].text, depth + 1)
    adds = program_name(part.words[0].text) in ("xargs", "parallel")
    more = (Word("", unsure=True),) if adds else ()
    inner = Part((*command, *more), part.redirects, part.piped and not adds)
    return [inner, *_inner(inner, depth + 1)]


def _is_duration(text: str) -> bool:
    return re.fullmatch(r"[0-9.]+[smhd]?", text) is not None


def _executed_by_find(rest: tuple[Word, ...], depth: int) -> list[Part]:
    found: list[Part] = []
    for place, word in enumerate(rest):
        if word.text in ("-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"):
            command = [inner for inner in rest[place + 1 :] if inner.text not in (";", "+")]
            part = Part((*command, Word("", unsure=True)))
            found += [part, *_inner(part, depth + 1)]
    return found
