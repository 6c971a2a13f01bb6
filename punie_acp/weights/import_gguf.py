"""One GGUF import from file to folder: convert, compare, and tell the user what happened."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from punie_acp.weights.convert import TensorReport, convert, converted_bytes
from punie_acp.weights.disk import tree_bytes
from punie_acp.weights.gguf import read_gguf
from punie_acp.weights.logit_check import LogitDrift, compare
from punie_acp.weights.progress import size_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from punie_acp.weights.progress import Progress

_TOKENIZER_ROOM = 32_000_000  # bytes that tokenizer.json and its neighbours take at most


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. It is kept in the model's punie.json."""

    tensors: tuple[TensorReport, ...]
    logits: LogitDrift
    seconds: float
    bytes_on_disk: int

    def as_values(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """The report in words."""
        kinds = Counter((tensor.how, tensor.source_type, tensor.bits) for tensor in self.tensors)
        for (how, source, bits), count in sorted(kinds.items()):
            yield f"{count} {source} tensors {_WORDS[how].format(bits=bits)}{self._error_of(source, how)}."
        yield f"Against the file's own weights: {self.logits}."
        yield f"The import took {time_text(self.seconds)} and uses {size_text(self.bytes_on_disk)} of disk."

    def _error_of(self, source: str, how: str) -> str:
        errors = [t.relative_error for t in self.tensors if t.source_type == source and t.how == how]
        return f", relative error {max(errors):.1e}" if max(errors) else ""


_WORDS = {
    "kept": "kept as they are",
    "repacked": "repacked at {bits} bits without any change of a weight",
    "requantised": "requantised at {bits} bits",
}


def import_gguf(file: Path, folder: Path, progress: Progress) -> ImportReport:
    """Turn `file` into a model in the empty `folder`. Raises `WeightsError`, `OSError`."""
    started = time.monotonic()
    opened = read_gguf(file)
    tensors = tuple(convert(opened, folder, progress))
    logits = compare(opened, folder, progress)
    report = ImportReport(tensors, logits, round(time.monotonic() - started, 1), tree_bytes(folder))
    for line in report.lines():
        progress.note(line)
    return report


def space_needed(file: Path) -> int:
    """Bytes of disk that the imported model will use. Raises `WeightsError` for a file that cannot be imported."""
    return converted_bytes(read_gguf(file)) + _TOKENIZER_ROOM
