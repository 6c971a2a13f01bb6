"""Our C kernels for packed weights on x86-64, compiled on this machine at first use and kept for the next time.

MLX's CPU back end has fast kernels for float32 alone. These compute with the weights as they are stored, a quarter to
an eighth of the bytes, and with what they are multiplied by rounded to bytes: a model takes that much less memory, is
loaded in a moment, decodes nearly as fast as its weights can be read (`kernels/decode.c`), and reads a prompt faster
than a float32 BLAS could (`kernels/packed.c`). MLX itself runs the system's C compiler for its fused CPU kernels; where
there is none, the model is float32 throughout.
"""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.weights.compiler import KernelUnavailableError, check_processor, find_compiler, processor_flags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

PACKED_BITS = (4, 5, 8)
"""Of the weights that the kernels compute with, in groups of a multiple of 32."""
_SOURCES = ("packed.h", "packed.c", "decode.c")
_FLAGS = ("-O3", "-ffp-contract=off", "-mavx2", "-mfma", "-mf16c", "-fopenmp", "-shared", "-fPIC", "-lm")
"""No sum may be contracted: then a product would not be the same bits for one row of x as for many."""
_COMPILE_SECONDS = 60.0


class WeightsStruct(ctypes.Structure):
    """`struct weights` of packed.h."""

    _fields_ = (
        ("quants", ctypes.c_void_p),
        ("scales", ctypes.c_void_p),
        ("biases", ctypes.c_void_p),
        ("rows", ctypes.c_int),
        ("columns", ctypes.c_int),
        ("group_size", ctypes.c_int),
        ("bits", ctypes.c_int),
    )


@dataclass(frozen=True, slots=True)
class Kernels:
    """The compiled kernels."""

    library: ctypes.CDLL
    threads: int

    def multiply(self, x: NDArray[np.float32], weights: PackedWeights) -> NDArray[np.float32]:
        """x Wᵀ: (batch, columns) → (batch, rows); x is C-contiguous."""
        return self._computed(self.library.punie_matmul, x, weights)

    def feed_forward(
        self, x: NDArray[np.float32], gate: PackedWeights, up: PackedWeights, down: PackedWeights
    ) -> NDArray[np.float32]:
        """(silu(x Gᵀ) · x Uᵀ) Dᵀ: (batch, columns) → (batch, columns); x is C-contiguous."""
        return self._computed(self.library.punie_feed_forward, x, gate, up, down)

    def normalizer(self, logits: NDArray[np.float32], most: float) -> float:
        """log Σ eˣ of (vocabulary), C-contiguous, whose greatest is `most`: less that, a logit is a log probability."""
        place = ctypes.c_void_p(logits.ctypes.data)
        return float(self.library.punie_normalizer(place, logits.size, ctypes.c_float(most), self.threads))

    def _computed(
        self, function: Callable[..., int], x: NDArray[np.float32], *matrices: PackedWeights
    ) -> NDArray[np.float32]:
        import numpy as np

        y = np.empty((len(x), len(matrices[-1].quants)), np.float32)
        described = [ctypes.byref(matrix.described) for matrix in matrices]
        if function(*described, ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data), len(x), self.threads):
            raise MemoryError("no memory for a matrix product")
        return y


@dataclass(frozen=True)
class PackedWeights:
    """A matrix in MLX's affine quantisation, scale · q + bias a group. All arrays are C-contiguous."""

    quants: NDArray[np.uint32]  # (rows, words)
    scales: NDArray[np.float16]  # (rows, groups)
    biases: NDArray[np.float16] | None  # (rows, groups); None: the scales times -2ᵇⁱᵗˢ⁻¹
    bits: int  # 4, 5 or 8

    @cached_property
    def described(self) -> WeightsStruct:
        """As the kernels take it. A group must be a multiple of 32 columns."""
        (rows, words), groups = self.quants.shape, self.scales.shape[1]
        columns = words * 32 // self.bits
        biases = None if self.biases is None else self.biases.ctypes.data
        return WeightsStruct(
            self.quants.ctypes.data, self.scales.ctypes.data, biases, rows, columns, columns // groups, self.bits
        )


def available_kernels() -> Kernels | None:
    """The kernels where this machine has them. `punie-acp doctor` says why not."""
    try:
        return load_kernels()
    except KernelUnavailableError:
        return None


@cache
def load_kernels(folder: Path | None = None, *, portable: bool = False) -> Kernels:
    """Load the kernels, compiled into `folder` (the user's cache) unless they are there.

    They use what this processor has beyond AVX2 unless they are to be `portable`.
    Call it after `blas.load_fast_blas`: they share its OpenMP threads. Raises `KernelUnavailableError`.
    """
    from punie_acp.inference.blas import usable_cores

    check_processor()
    flags = _FLAGS if portable else (*_FLAGS, *processor_flags())
    kernels = resources.files("punie_acp.inference") / "kernels"
    sources = {name: (kernels / name).read_bytes() for name in _SOURCES}
    contents = b"".join(sources.values()) + " ".join(flags).encode()
    path = (folder or _cache_folder()) / f"kernels-{hashlib.sha256(contents).hexdigest()[:16]}.so"
    try:
        if not path.is_file():
            _compile(sources, flags, path)
        library = ctypes.CDLL(str(path))
        library.punie_normalizer.restype = ctypes.c_float
        return Kernels(library, usable_cores())
    except OSError as error:
        raise KernelUnavailableError(f"the kernels for packed weights cannot be used: {error}") from error


def _cache_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("punie-acp", appauthor=False) / "kernels"


def _compile(sources: Mapping[str, bytes], flags: Sequence[str], path: Path) -> None:
    """Compile beside `path` and rename, so that two processes which do it at once do not meet."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        for name, source in sources.items():
            Path(scratch, name).write_bytes(source)
        built = Path(scratch, "kernels.so")
        _run_compiler([Path(scratch, name) for name in sources if name.endswith(".c")], flags, built)
        built.replace(path)


def _run_compiler(code: Sequence[Path], flags: Sequence[str], built: Path) -> None:
    compiler = find_compiler()
    command = [compiler, *map(str, code), *flags, "-o", str(built)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_COMPILE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KernelUnavailableError(f"{compiler} could not compile the kernels for packed weights: {error}") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it does not say why"])[-1]
        raise KernelUnavailableError(f"{compiler} could not compile the kernels for packed weights: {reason}")
