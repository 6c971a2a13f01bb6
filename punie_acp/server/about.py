"""What code a prompt is about that names no file: found by the words that it shares with what the project defines.

"The repeated answer is ended too late" means `repeats_itself` in `inference/repetition.py`. One search finds the
definitions whose names have a word of the prompt; the files with the most telling ones are read, and of what they
define that is taken which has most of the prompt's words, the rarer the better.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from punie_acp.codemode.tools.languages import language_of
from punie_acp.codemode.tools.outlines import outline
from punie_acp.workspace.mentions import asks_about_code, names_of_code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

    from punie_acp.codemode.tools.values import Symbol
    from punie_acp.workspace.base import Match, Workspace

MOST_SECONDS = 3.0
"""For all of it: a project that is too large for that is left to the model's own search."""
_MOST_FILES = 6
_MOST_PARTS = 2
_MOST_WORDS = 60
_LEAST_SHARED = 2  # words of a definition that are the prompt's, if that does not have its name
_NEXT_BEST = 0.75  # of the best score: what is nearly as near is told too
_TESTS_COUNT = 0.5  # unless the prompt is about tests
_IN_NAME = 2.0  # times as much as a word in the text of a definition

_DEFINED = (
    r"(?:\b(?:class|const|def|enum|fn|func|function|interface|module|struct|trait|type)\s+(?:\([^()]*\)\s*)?"
    r"|^\w[^\s(]* [\w*& ]*)"
)
"""What stands before the name that a line defines: a keyword, or the type of a C function."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAME = re.compile(r"[\w$]+")
_ENDINGS = ("ing", "ed", "es", "er", "s")
_COMMON = frozenset(
    """about after again all also always and another answer any are because been before being both but can cannot could
    defined describe did does done each either else every everything explain file files find first fix for from function
    functions get gets give gives had handled has have here how implemented instead into it its just keep last leave
    let like made make makes many may me mend method more most much must name need needs new next not nothing now
    number old once one only other our out over path please print project project's put python run same say says see
    should show shown so some still such take tell than that the their them then there they this those time to too two
    type use used user uses using value want was way what when where whether which while who whole why will with
    without work works would write you your""".split()  # noqa: SIM905 - to be read as a text
)


@dataclass(frozen=True, slots=True)
class _Part:
    """Something that a file defines, and the words of its name and of its text."""

    path: str
    symbol: Symbol
    name: frozenset[str]
    words: frozenset[str]

    def is_likely(self, asked: Collection[str]) -> bool:
        """Whether it shares more than one word with what is asked, one of them in its name. A class is too much."""
        is_short = self.symbol.kind in {"function", "method"}
        return is_short and len(self.words & set(asked)) >= _LEAST_SHARED and bool(self.name & set(asked))

    def score(self, asked: Collection[str], rarity: Callable[[str], float]) -> float:
        """How near it is to what is asked. A long text shares words by chance."""
        shared = sum(rarity(word) * (_IN_NAME if word in self.name else 1.0) for word in asked if word in self.words)
        return shared / (1 + math.log10(1 + (self.symbol.end_line - self.symbol.line) / 20))


async def code_about(prompt: str, workspace: Workspace, read: Callable[[str], Awaitable[str]]) -> dict[str, set[str]]:
    """The names of what `prompt` is about, by the files that define it; nothing where that takes too long to find.

    `read` gives the text of a file by its path, "" where it has to be left out.
    """
    named, _ = names_of_code(prompt)
    asked = frozenset(_words(prompt)[:_MOST_WORDS])
    if "```" in prompt or not (named or (asked and asks_about_code(prompt))):
        return {}
    with suppress(OSError, ValueError), anyio.move_on_after(MOST_SECONDS):  # a line may be too long to be searched
        parts: list[_Part] = []
        for path in await _files(asked, named, workspace):
            parts += _parts(path, await read(path))
        exact = [part for part in parts if part.symbol.name in named]
        likely = [part for part in parts if part.is_likely(asked)] if asks_about_code(prompt) else []
        return _nearest(parts, exact or likely, asked)
    return {}


def _words(text: str) -> list[str]:
    """The words in `text`, also those within names, without their endings and without those that say nothing."""
    words = [word.lower() for word in _WORD.findall(text)]
    return list(dict.fromkeys(_stem(word) for word in words if len(word) > 2 and word not in _COMMON))


def _stem(word: str) -> str:
    ending = next((one for one in _ENDINGS if word.endswith(one) and len(word) - len(one) >= 4), "")
    return word.removesuffix(ending)


async def _files(asked: Collection[str], named: Collection[str], workspace: Workspace) -> list[str]:
    """The files that define what is `named`, or has the most telling of the words `asked` in its name."""
    parts = [rf"{_DEFINED}[\w$]*(?:{_any([word for word in asked if len(word) > 3] or named)})[\w$]*"]
    parts += [rf"^[ \t]*(?:{_any(named)})(?=\s*[:=])"] if named else []
    pattern = "(?i)" + "|".join(parts)
    found = [match for match in await workspace.search(pattern) if language_of(match.path)]
    return _most_telling(found, re.compile(pattern), asked, named)


def _any(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, words))


def _most_telling(
    found: Sequence[Match], defined: re.Pattern[str], asked: Collection[str], named: Collection[str]
) -> list[str]:
    shared: list[tuple[str, set[str]]] = []
    sure: dict[str, None] = {}
    for match in found:
        names = [*_NAME.findall(line[0])] if (line := defined.search(match.text)) else []
        words = set(_words(names[-1])) & set(asked) if names else set[str]()
        shared += [(match.path, words)] if words else []
        sure |= {match.path: None} if names and names[-1] in named else {}
    rarity = _rarity([words for _, words in shared])
    scores: dict[str, float] = {}
    for path, words in shared:
        beside = set(_words(path)) & set(asked) - words
        score = _weight(path, asked) * sum(map(rarity, [*words, *beside]))
        scores[path] = max(score, scores.get(path, 0.0))
    ranked = sorted(scores, key=lambda path: -scores[path])
    return list(dict.fromkeys([*sure, *ranked]))[:_MOST_FILES]


def _parts(path: str, text: str) -> list[_Part]:
    """What a file defines, with the words of it."""
    lines = text.splitlines()
    return [
        _Part(
            path,
            one,
            frozenset(_words(one.name)),
            frozenset(_words("\n".join([path, one.parent, *lines[one.line - 1 : one.end_line]]))),
        )
        for one in outline(text, path)
    ]


def _nearest(parts: Sequence[_Part], chosen: Sequence[_Part], asked: Collection[str]) -> dict[str, set[str]]:
    """Those of `chosen` that share most with what is asked, the words being the rarer the fewer `parts` have them."""
    rarity = _rarity([part.words for part in parts])
    scored = [(part.score(asked, rarity) * _weight(part.path, asked), part) for part in chosen]
    best = sorted(scored, key=lambda one: -one[0])[:_MOST_PARTS]
    found: dict[str, set[str]] = {}
    for score, part in best:
        if score >= best[0][0] * _NEXT_BEST:
            found.setdefault(part.path, set()).add(part.symbol.name)
    return found


def _rarity(texts: Iterable[Collection[str]]) -> Callable[[str], float]:
    """How much a word tells that stands in some of `texts`."""
    every = list(texts)
    counts = Counter(word for words in every for word in words)
    return lambda word: math.log(1 + len(every) / counts[word]) if counts[word] else 0.0


def _weight(path: str, asked: Collection[str]) -> float:
    return _TESTS_COUNT if "test" in _words(path) and "test" not in asked else 1.0
