"""Which language a file is written in, and by which signs its definitions are known without a compiler."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath

_C = r"^(?![ \t]*(?:return|else|if|for|while|switch|throw|new|delete|goto|case)\b)"
_TYPES = "class|struct|interface|enum|trait|record|union|namespace|module|object|protocol|impl"
_MODIFIER_WORDS = (
    "export|default|declare|public|private|protected|internal|static|final|abstract|async|sealed|partial|override|open"
    r"|data|unsafe|inline|virtual|const|extern|pub(?:\([^)]*\))?"
)
_MODIFIERS = rf"(?:(?:{_MODIFIER_WORDS})\s+)*"


@dataclass(frozen=True, slots=True)
class Language:
    """Regular expressions with a group `name`, by kind of definition; each is tried on a line of its own."""

    name: str
    patterns: tuple[tuple[str, str], ...]
    braces: bool = True  # a definition ends with its brace; else with its indentation

    @property
    def compiled(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """The patterns, compiled once."""
        return _compiled(self.patterns)


@cache
def _compiled(patterns: tuple[tuple[str, str], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern)) for kind, pattern in patterns)


_CLASS = ("class", rf"^\s*{_MODIFIERS}(?:{_TYPES})\s+(?P<name>[A-Za-z_$][\w$]*)")
_JAVASCRIPT = (
    _CLASS,
    ("function", rf"^\s*{_MODIFIERS}function\s*\*?\s*(?P<name>[\w$]+)"),
    (
        "function",
        rf"^\s*{_MODIFIERS}(?:let|var)?\s*(?P<name>[\w$]+)\s*=\s*(?:async\s*)?(?:function\b|\([^()]*\)\s*(?::[^=]+)?=>|\w+\s*=>)",
    ),
    (
        "function",
        r"^\s+(?:(?:async|static|get|set|public|private|protected|readonly)\s+)*\*?(?P<name>(?!(?:if|for|while|switch|catch|function|return)\b)[\w$#]+)\s*\([^;]*\)\s*(?::[^{]+)?\{",
    ),
    ("class", rf"^\s*{_MODIFIERS}type\s+(?P<name>[\w$]+)[^=]*="),
)
_BRACED = (
    _CLASS,
    (
        "function",
        rf"^\s*{_MODIFIERS}(?:fn|func|fun|function|def)\s+(?:\([^)]*\)\s*)?(?:<[^>]*>\s*)?(?P<name>[A-Za-z_]\w*)",
    ),
)
_GO = (("class", r"^type\s+(?P<name>\w+)\s"), *_BRACED)
_C_LIKE = (_CLASS, ("function", rf"{_C}[ \t]*(?:[\w:<>,&*\[\]@~?]+[ \t*&]+)+(?P<name>~?[A-Za-z_][\w:]*)\s*\([^;]*$"))
_PYTHON = (
    ("class", r"^\s*class\s+(?P<name>\w+)"),
    ("function", r"^\s*(?:async\s+)?def\s+(?P<name>\w+)"),
)
_RUBY = (
    ("class", r"^\s*(?:class|module)\s+(?P<name>[\w:]+)"),
    ("function", r"^\s*def\s+(?:self\.)?(?P<name>\w+[?!=]?)"),
)
_SHELL = (
    ("function", r"^\s*(?:function\s+)?(?P<name>[\w-]+)\s*\(\)"),
    ("function", r"^\s*function\s+(?P<name>[\w-]+)"),
)

PYTHON = Language("python", _PYTHON, braces=False)
_LANGUAGES = {
    PYTHON: "py pyi pyw",
    Language("javascript", _JAVASCRIPT): "js jsx mjs cjs ts tsx mts cts vue svelte",
    Language("go", _GO): "go",
    Language("braced", _BRACED): "rs swift kt kts scala php zig dart groovy",
    Language("c-like", _C_LIKE): "c h cc cpp cxx hpp hh hxx m mm cs java cu",
    Language("ruby", _RUBY, braces=False): "rb rake",
    Language("shell", _SHELL): "sh bash zsh",
}
_BY_SUFFIX = {f".{suffix}": language for language, suffixes in _LANGUAGES.items() for suffix in suffixes.split()}


def language_of(path: str) -> Language | None:
    """The language of a file by its name; None for what is no code that we know."""
    return _BY_SUFFIX.get(PurePath(path).suffix.lower())


def suffixes() -> tuple[str, ...]:
    """What names of code files end with."""
    return tuple(_BY_SUFFIX)
