"""One "always" of the user: what it is about, and which calls it covers.

A rule is about one tool type and one of these: a command word for word, the first words of a plain command, one file,
the files below one folder, deleting below one folder, a function that is none of our own. Its record is
`scope:pattern`. A rule that allows covers a call only where all of it is covered; one that rejects concerns a call of
which any part is.
"""

from __future__ import annotations

import os
import shlex
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from punie_acp.codemode.events import CallType
from punie_acp.server.danger import MAX_CHARACTERS, danger
from punie_acp.server.programs import program_name
from punie_acp.server.shellparts import parts_of
from punie_acp.server.shellwords import executes, first_words, simple_words
from punie_acp.server.store.base import RuleRecord, now
from punie_acp.workspace.paths import parts_below
from punie_acp.workspace.sensitive import secret_reason

if TYPE_CHECKING:
    from punie_acp.codemode.events import CallRequested, JsonValue

Scope = Literal["command", "words", "file", "folder", "delete", "function"]
Effect = Literal["allow", "reject"]
_SCOPES: dict[str, Scope] = {scope: scope for scope in get_args(Scope)}


@dataclass(frozen=True, slots=True)
class Rule:
    """One "always". Paths in `pattern` are relative to the project where they lie in it."""

    type: CallType
    scope: Scope
    pattern: str
    effect: Effect = "allow"
    rule_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    created: str = field(default_factory=now)

    def describe(self) -> str:
        """What it is about, in words that follow "always allow" or "always reject"."""
        match self.scope:
            case "words":
                return f"`{self.pattern}`"
            case "command":
                short = len(self.pattern) <= 60 and "\n" not in self.pattern and "`" not in self.pattern
                return f"exactly `{self.pattern}`" if short else "exactly this command"
            case "file":
                return f"{'reading' if self.type is CallType.READ else 'changes to'} {self.pattern}"
            case "folder":
                return f"changes under {self.pattern}/"
            case "delete":
                return f"deleting {'files under ' * self.pattern.endswith('/')}{self.pattern}"
            case "function":
                return self.pattern

    def record(self) -> RuleRecord:
        """For the store."""
        return RuleRecord(self.rule_id, self.effect, str(self.type), f"{self.scope}:{self.pattern}", self.created)

    @classmethod
    def of(cls, record: RuleRecord) -> Rule | None:
        """From the store. None for one that this version does not know."""
        scope, _, pattern = record.pattern.partition(":")
        if scope not in _SCOPES or record.type not in set(CallType):
            return None
        return cls(CallType(record.type), _SCOPES[scope], pattern, record.effect, record.rule_id, record.created)


# Which rule a call makes.


def widest(call: CallRequested, roots: tuple[Path, ...]) -> Rule | None:
    """The rule that an "always" about `call` makes, were it not for any danger; None where there is none to make."""
    if call.command is not None:
        return _command_rule(call)
    paths = _paths(call)
    if call.type is CallType.READ:
        return Rule(call.type, "file", _name(paths[0], roots)) if call.sensitive and len(paths) == 1 else None
    if not paths:
        return Rule(call.type, "function", call.function)
    folder = Path(os.path.commonpath([path.parent for path in paths]))
    deletes = call.kind == "delete"
    if folder in roots or not _is_in(folder, roots):
        return Rule(call.type, "delete" if deletes else "file", _name(paths[0], roots)) if len(paths) == 1 else None
    return (
        Rule(call.type, "delete", f"{_name(folder, roots)}/")
        if deletes
        else Rule(call.type, "folder", _name(folder, roots))
    )


def _command_rule(call: CallRequested) -> Rule:
    assert call.command is not None
    words = simple_words(call.command)
    first = first_words(words) if words and not executes(words) else None
    if first is None:
        return Rule(call.type, "command", call.command)
    return Rule(call.type, "words", shlex.join(first))


# Which calls a rule is about.


def covers(rule: Rule, call: CallRequested, roots: tuple[Path, ...]) -> bool:
    """Whether an allowing rule lets `call` begin. In doubt it does not."""
    if call.command is not None:
        return _covers_command(rule, call, roots)
    if call.type is CallType.READ:
        return rule.scope == "file" and [_name(path, roots) for path in _paths(call)] == [rule.pattern]
    paths = _paths(call)
    if not paths or rule.scope == "function":
        return rule.scope == "function" and not paths and rule.pattern == call.function
    if (call.kind == "delete") != (rule.scope == "delete") or call.sensitive is not None:
        return False
    if any(_is_guarded(path, roots) for path in paths):
        return False
    return all(_is_at(rule, path, roots) for path in paths)


def _covers_command(rule: Rule, call: CallRequested, roots: tuple[Path, ...]) -> bool:
    line = call.command or ""
    if given_beside(call) or not _is_in(Path(call.cwd or roots[0]), roots[:1]):
        return False
    if rule.scope == "command":
        return line == rule.pattern
    words, pattern = simple_words(line), tuple(shlex.split(rule.pattern))
    if rule.scope != "words" or words is None or first_words(words) != pattern or executes(words):
        return False
    return not any(_leaves(word, call, roots) for word in words[len(pattern) :])


def concerns(rule: Rule, call: CallRequested, roots: tuple[Path, ...]) -> bool:
    """Whether a rejecting rule stops `call`: also where only a part of it is what the rule is about."""
    if call.command is not None:
        if rule.scope == "command":
            return call.command.strip() == rule.pattern.strip()
        return rule.scope == "words" and _names(rule.pattern, call.command)
    paths = _paths(call)
    if rule.scope == "function":
        return not paths and rule.pattern == call.function
    if rule.scope == "delete" and call.kind != "delete":
        return False
    return any(_is_at(rule, path, roots) for path in paths)


def _names(pattern: str, line: str) -> bool:
    """Whether a command that `line` may run begins with the words of `pattern`."""
    if len(line) > MAX_CHARACTERS:
        return False
    program, *rest = shlex.split(pattern)
    wanted = [program_name(program), *rest]
    found = (part.plain_words() for part in parts_of(line))
    return any([program_name(words[0]), *words[1 : len(wanted)]] == wanted for words in found if words)


def _is_at(rule: Rule, path: Path, roots: tuple[Path, ...]) -> bool:
    if rule.scope == "file":
        return _name(path, roots) == rule.pattern
    folder = roots[0] / rule.pattern
    if rule.scope == "delete":
        return parts_below(path, folder) is not None
    return rule.scope == "folder" and bool(parts_below(path, folder))


def _leaves(word: str, call: CallRequested, roots: tuple[Path, ...]) -> bool:
    """Whether a word of a command may name a file outside the session's folders, or one that is guarded."""
    texts = [word, *word.split("=")[1:], *word.split(":")[1:]]
    if word.startswith("-"):
        texts.append(word[2:])  # -C/elsewhere
    return any(_may_name_guarded(text, Path(call.cwd or roots[0]), roots) for text in texts)


def _may_name_guarded(text: str, cwd: Path, roots: tuple[Path, ...]) -> bool:
    if not text or "://" in text:
        return False
    path = Path(os.path.realpath(cwd / text))
    return not _is_in(path, roots) or _is_guarded(path, roots)


def _is_guarded(path: Path, roots: tuple[Path, ...]) -> bool:
    """What no rule about changes covers: files of secrets, git's own, what lies outside."""
    below = _below(path, roots)
    return below is None or _is_of_git(below) or secret_reason(Path(*below)) is not None


def danger_of(call: CallRequested, roots: tuple[Path, ...]) -> str | None:
    """Why `call` is asked about in every mode; the words go on after "it"."""
    if call.command is not None:
        return danger(call.command, Path(call.cwd or roots[0]), roots, fed="input" in given_beside(call))
    if call.type is not CallType.WRITE:
        return None
    if call.function.endswith("rmtree"):
        return "deletes a folder with all that is in it"
    for path in _paths(call):
        below = _below(path, roots)
        if below is not None and _is_of_git(below):
            return "changes git's own files, which may say what git runs"
        if below is not None and secret_reason(Path(*below)):
            return f"changes {_name(path, roots)}, where secrets are kept"
    return None


def given_beside(call: CallRequested) -> dict[str, JsonValue]:
    """What a command gets beside its line, by name: a text to read (`input`), variables (`env`)."""
    options = call.raw_input.get("options")
    given = {**(options if isinstance(options, dict) else {}), **call.raw_input}
    return {name: given[name] for name in ("input", "env") if given.get(name)}


def _is_of_git(below: list[str]) -> bool:
    return any(part.lower() == ".git" for part in below)  # on some disks `.GIT` is the same folder


def _paths(call: CallRequested) -> list[Path]:
    places = dict.fromkeys([*(place.path for place in call.locations), *(change.path for change in call.changes)])
    return [Path(place) for place in places]


def _is_in(path: Path, roots: tuple[Path, ...]) -> bool:
    return _below(path, roots) is not None


def _below(path: Path, roots: tuple[Path, ...]) -> list[str] | None:
    """The steps to `path` from the folder of the session in which it lies."""
    return next((parts for root in roots if (parts := parts_below(path, root)) is not None), None)


def _name(path: Path, roots: tuple[Path, ...]) -> str:
    below = parts_below(path, roots[0])
    return str(path) if below is None else "/".join(below) or "."
