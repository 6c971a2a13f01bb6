"""From a checked program to what is fed to Monty: rewritten, lowered, and behind the pieces of the prelude it needs."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from punie_acp.codemode.lowering import lower
from punie_acp.codemode.parts import parts
from punie_acp.codemode.rewriting.emit import Lines
from punie_acp.codemode.rewriting.knowledge import Knowledge
from punie_acp.codemode.rewriting.rewrite import rewrite
from punie_acp.codemode.source import syntax_if_any

# fmt: off
_IN_SMALL = (
    "types", "struct", "shlex", "html", "calendar", "unicodedata", "zlib", "binascii", "platform", "getpass", "secrets",
    "errno", "stat", "atexit", "gc", "warnings", "locale", "signal", "linecache", "filecmp", "codecs", "mimetypes",
    "timeit", "traceback", "fractions",
)
_OF_THEIR_OWN = (
    "argparse", "ast", "configparser", "contextlib", "difflib", "fnmatch", "heapq", "logging", "operator", "pprint",
    "statistics", "string", "tempfile", "textwrap", "uuid", "xml",
)
# fmt: on
PIECES = {
    **dict.fromkeys(_IN_SMALL, "small"),
    **{name: name for name in _OF_THEIR_OWN},
    **dict.fromkeys(("threading", "concurrent", "queue", "multiprocessing"), "threading"),
}
"""Modules that are loaded when they are first imported, and the file of `prelude/modules` each is in."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What Monty gets, where its lines come from, and what the session knows once it has run."""

    text: str
    lines: Lines = field(default_factory=Lines)
    knowledge: Knowledge = field(default_factory=Knowledge)
    notes: tuple[str, ...] = ()  # what the user is told of it


def compile_program(code: str, earlier_names: frozenset[str], knowledge: Knowledge) -> Compiled:
    """The text to feed. Code that this Python cannot parse goes as it is."""
    rewritten = rewrite(code, knowledge)
    text = lower(rewritten.code, earlier_names, rewritten.lines)
    wanted = _pieces(rewritten.code) - knowledge.loaded
    pieces = "".join(piece(name) for name in sorted(wanted))
    base, names = parts(text + pieces, knowledge.loaded, earlier_names)
    known = rewritten.knowledge.copy()
    known.loaded |= wanted | names
    notes = (*rewritten.notes, *_note_deletions(code))
    before = base + pieces
    if not before:
        return Compiled(text, rewritten.lines, known, notes)
    origins = rewritten.lines.origins or tuple(range(1, text.count("\n") + 2))
    return Compiled(before + text, Lines((None,) * before.count("\n") + origins), known, notes)


def _note_deletions(code: str) -> list[str]:
    if "del " not in code or not any(isinstance(node, ast.Delete) for node in _nodes(code)):
        return []
    return ["`del` was written as a call or an assignment, for the sandbox has none."]


def _nodes(code: str) -> tuple[ast.AST, ...]:
    syntax = syntax_if_any(code)
    return syntax.nodes if syntax is not None else ()


def _pieces(code: str) -> set[str]:
    """The pieces that a program's imports ask for."""
    found = set[str]()
    for node in _nodes(code):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        found |= {PIECES[top] for name in names if (top := name.split(".")[0]) in PIECES}
    return found


@cache
def piece(name: str) -> str:
    """The text of a piece, ended by an empty line. Comments are left out, for they cost time at every load."""
    folder = resources.files("punie_acp.codemode") / "prelude"
    lines = (folder / "modules" / f"{name}.monty").read_text(encoding="utf-8").split("\n")
    return re.sub(r"\n{2,}", "\n", "\n".join(line for line in lines if not line.startswith("#"))) + "\n"
