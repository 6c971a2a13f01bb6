"""The KV caches of sessions, kept between requests: a turn computes only what is new in its prompt.

A cache is used for a prompt only as far as its token ids are the prompt's own (compared one by one, never guessed from
text), so an answer never depends on what was cached. Everything here runs on the engine's thread.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from punie_acp.inference.prefixes import LEAST_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from punie_acp.inference.prefixes import PrefixFolder

PromptCache: TypeAlias = "list[Any]"  # mlx_lm's: one cache object a layer, each holding (batch, heads, time, head_dim)


@dataclass(slots=True)
class _Entry:
    tokens: list[int]  # exactly the tokens whose keys and values are in the cache: (time,)
    cache: PromptCache

    @property
    def nbytes(self) -> int:
        return sum(int(layer.nbytes) for layer in self.cache)


class SessionCaches:
    """Least recently used sessions are dropped beyond `max_sessions` or `max_bytes`; the newest always stays."""

    def __init__(
        self,
        fresh: Callable[[], PromptCache],
        *,
        max_sessions: int,
        max_bytes: int,
        prefixes: PrefixFolder | None = None,
    ) -> None:
        self._fresh = fresh
        self._prefixes = prefixes
        self._max_sessions = max_sessions
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def checkout(self, key: str | None, prompt: Sequence[int]) -> tuple[PromptCache, int]:
        """A cache to prefill `prompt` into, and how many of its tokens are in it already (at most all but one).

        The session's own cache leaves the store until `keep` brings it back, so one that broke is never seen again.
        Another session's is copied where it shares more (a system prompt); arrays are shared until written to. What was
        kept on disk is read where no session shares as much.
        """
        if key is None:
            return self._fresh(), 0
        own = self._entries.pop(key, None)
        other = max(self._entries.values(), key=lambda entry: _usable(entry, prompt), default=None)
        reusable = _usable(own, prompt) if own else 0
        shared = max(reusable, _usable(other, prompt) if other else 0)
        if (stored := self._stored(prompt, shared)) is not None:
            return _cut(stored, prompt)
        if other is not None and shared > reusable:
            return _cut(_Entry(other.tokens, copy.deepcopy(other.cache)), prompt)
        if own is not None and reusable > 0:
            return _cut(own, prompt)
        return self._fresh(), 0

    def keep(self, key: str | None, tokens: list[int], cache: PromptCache) -> None:
        """Store what a request left behind: `tokens` is its prompt and everything that was decoded.

        The cache may hold fewer (cancelled in prefill) or more (decoding runs one token ahead); the two are made to
        agree, or the cache is dropped.
        """
        held = None if key is None else _agreed(tokens, cache)
        if key is None or not held:
            return
        self._entries[key] = _Entry(held, cache)
        self._entries.move_to_end(key)
        self._evict()

    def keep_prefix(self, key: str | None, tokens: Sequence[int]) -> None:
        """Write what the session holds of `tokens` to disk, unless it is there."""
        entry = self._entries.get(key) if key else None
        if self._prefixes is None or entry is None:
            return
        held = list(tokens[: common_prefix(entry.tokens, tokens)])
        if len(held) >= LEAST_TOKENS and _trimmable(entry.cache) and not self._prefixes.covers(held):
            cache = copy.deepcopy(entry.cache)
            _trim(cache, len(entry.tokens) - len(held))
            self._prefixes.save(held, cache)

    def _stored(self, prompt: Sequence[int], shared: int) -> _Entry | None:
        """What is on disk, where it shares clearly more with `prompt` than a session in memory does."""
        if self._prefixes is None:
            return None
        found = self._prefixes.load(prompt, shared + LEAST_TOKENS)
        return _Entry(found[1], found[0]) if found else None

    def forget(self, key: str) -> None:
        """Drop a session's cache, if there is one."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Drop them all."""
        self._entries.clear()

    @property
    def sessions(self) -> tuple[str, ...]:
        """Keys, least recently used first."""
        return tuple(self._entries)

    def _evict(self) -> None:
        while len(self._entries) > 1 and (len(self._entries) > self._max_sessions or self._nbytes() > self._max_bytes):
            self._entries.popitem(last=False)

    def _nbytes(self) -> int:
        return sum(entry.nbytes for entry in self._entries.values())


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens the two begin with in common."""
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))


def _usable(entry: _Entry, prompt: Sequence[int]) -> int:
    """Tokens of `prompt` that `entry` can spare it. One must be left to compute: its logits choose the next."""
    shared = min(common_prefix(entry.tokens, prompt), len(prompt) - 1)
    return shared if shared == len(entry.tokens) or _trimmable(entry.cache) else 0


def _cut(entry: _Entry, prompt: Sequence[int]) -> tuple[PromptCache, int]:
    shared = _usable(entry, prompt)
    _trim(entry.cache, len(entry.tokens) - shared)
    return entry.cache, shared


def _agreed(tokens: list[int], cache: PromptCache) -> list[int] | None:
    length = _length(cache)
    if length is None:
        return None
    if length > len(tokens):
        if not _trimmable(cache):
            return None
        _trim(cache, length - len(tokens))
    return tokens[:length]


def _length(cache: PromptCache) -> int | None:
    """Tokens in the cache; None where its layers do not say, or differ. (Recurrent layers have no offset.)"""
    lengths = {int(layer.offset) for layer in cache if hasattr(layer, "offset")}
    return lengths.pop() if len(lengths) == 1 else None


def _trimmable(cache: PromptCache) -> bool:
    return all(layer.is_trimmable() for layer in cache)


def _trim(cache: PromptCache, count: int) -> None:
    for layer in cache if count else ():
        layer.trim(count)
