"""What every conversation begins with, its keys and values kept on disk: an agent that starts need not read it again.

Instructions and stubs are a thousand tokens and more, which a processor reads in half a minute. A prefix is used only
as far as its token ids are the prompt's own, like everything in `kv.py`, and only for the very weights that made it.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from punie_acp.inference.kv import PromptCache

LEAST_TOKENS = 64
"""A shorter prefix is read as fast as it is loaded."""

MOST_FILES = 6
"""For each model; a prefix of a thousand tokens takes about 60 MB with a model of 1.5B on a processor."""


@dataclass(frozen=True, slots=True)
class PrefixFolder:
    """The prefixes of one model, a safetensors file each. Files that cannot be read or written are done without."""

    folder: Path
    model: str  # names the weights and the software: `model_key`

    def load(self, prompt: Sequence[int], at_least: int) -> tuple[PromptCache, list[int]] | None:
        """The prefix that shares most with `prompt`, and its tokens; None where none shares `at_least` tokens."""
        shared, file, tokens = self._best(prompt)
        cache = _read(file) if shared >= max(at_least, LEAST_TOKENS) else None
        if cache is None:
            return None
        with suppress(OSError):
            os.utime(file)  # the least recently used is the first to go
        return cache, tokens

    def covers(self, prompt: Sequence[int]) -> bool:
        """Whether a prefix holds all of `prompt`."""
        return self._best(prompt)[0] == len(prompt)

    def _best(self, prompt: Sequence[int]) -> tuple[int, Path, list[int]]:
        from punie_acp.inference.kv import common_prefix

        best: tuple[int, Path, list[int]] = (0, self.folder, [])
        for file in self._files():
            tokens = _tokens(file)
            if (shared := common_prefix(tokens, prompt)) > best[0]:
                best = (shared, file, tokens)
        return best

    def save(self, tokens: Sequence[int], cache: PromptCache) -> None:
        """Keep `cache`, which holds the keys and values of `tokens`."""
        from mlx_lm.models.cache import save_prompt_cache

        name = f"{self.model}-{hashlib.sha256(json.dumps(list(tokens)).encode()).hexdigest()[:16]}"
        partial = self.folder / f"{name}.{os.getpid()}.partial.safetensors"
        with suppress(OSError, RuntimeError, ValueError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                save_prompt_cache(str(partial), cache, {"tokens": json.dumps(list(tokens))})
                partial.replace(self.folder / f"{name}.safetensors")
            finally:
                partial.unlink(missing_ok=True)
            for old in self._files()[MOST_FILES:]:
                old.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """Newest first."""
        with suppress(OSError):
            files = [file for file in self.folder.glob(f"{self.model}-*.safetensors") if ".partial." not in file.name]
            return sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)
        return []


def model_key(path: Path, form: str) -> str:
    """Names the weights at `path`, the `form` they are computed in, and the libraries that compute."""
    weights = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(path.glob("*.safetensors"))]
    facts = [str(path), weights, form, version("mlx"), version("mlx-lm")]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _tokens(file: Path) -> list[int]:
    """The token ids of a prefix, from the file's header alone; none where it cannot be read."""
    with suppress(OSError, ValueError, KeyError, StopIteration), file.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        metadata = cast("dict[str, str]", header["__metadata__"])
        return json.loads(next(value for name, value in metadata.items() if name.endswith("tokens")))
    return []


def _read(file: Path) -> PromptCache | None:
    import mlx.core as mx
    from mlx_lm.models import cache as caches

    try:
        cache = cast("PromptCache", caches.load_prompt_cache(str(file)))
        mx.eval([layer.state for layer in cache])
    except (OSError, RuntimeError, ValueError, KeyError):
        file.unlink(missing_ok=True)
        return None
    return cache
