"""A fast BLAS for MLX's CPU back end, found without configuration and loaded before MLX.

The Linux wheels of mlx 0.32 link the reference BLAS under a private name, which multiplies matrices 20 to 100 times
slower than the machine can. A library that already offers `cblas_sgemm` globally when libmlx is loaded is used
instead (ELF symbol interposition), so loading one first is enough. On x86-64 that is MKL (its wheel is a dependency),
elsewhere the system's OpenBLAS. On macOS MLX uses Accelerate and Metal, and there is nothing to do.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import time
from ctypes.util import find_library
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REMEDY = (
    "`pip install mkl` in this environment"
    if platform.machine() in ("x86_64", "AMD64")
    else "install OpenBLAS (Debian and Ubuntu: `apt install libopenblas0`; Fedora: `dnf install openblas`)"
)
_OPENBLAS_FOLDERS = (
    "/usr/lib/*-linux-gnu/openblas-pthread",
    "/usr/lib/*-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
    "/opt/OpenBLAS/lib",
)
# MKL's own numbers for mkl_set_threading_layer and mkl_set_interface_layer (mkl_service.h)
_LP64, _INTEL_THREADS, _SEQUENTIAL, _GNU_THREADS, _TBB_THREADS = 0, 0, 1, 3, 4


@dataclass(frozen=True, slots=True)
class Blas:
    """Which BLAS MLX computes with on the CPU."""

    name: str  # "mkl", "openblas", "accelerate", "system" (mlx was built against it), "reference"
    path: Path | None = None  # the library that was loaded
    threads: int | None = None
    warning: str | None = None  # it is slow, and the remedy


@dataclass(frozen=True, slots=True)
class BlasRates:
    """What MLX reaches on its default device, in float32."""

    gemm_gflops: float  # 10⁹ floating-point operations a second, as in prefill
    gemv_gbs: float  # 10⁹ bytes of the matrix read a second, as in decode


@cache
def load_fast_blas() -> Blas:
    """Load the best BLAS of this machine for MLX; once a process, before `import mlx.core`. Never raises."""
    if sys.platform != "linux":
        return Blas("accelerate" if sys.platform == "darwin" else "system")
    if (present := _already_global()) is not None:  # LD_PRELOAD, or another library brought it
        return present
    if not _mlx_bundles_reference():
        return Blas("system")  # conda-forge's mlx links the environment's BLAS; the CUDA wheel does not use one
    if "mlx.core" in sys.modules:
        return Blas("reference", warning=f"mlx was imported before a fast BLAS could be loaded. {_slow()}")
    return _load_mkl() or _load_openblas() or Blas("reference", warning=f"{_slow()} To make it fast, {_REMEDY}.")


def measure_blas() -> BlasRates:
    """Time a GEMM and a GEMV through MLX, a fraction of a second (tens of seconds with the reference BLAS: the
    matrices are kept small enough that even that ends).
    """
    load_fast_blas()
    import mlx.core as mx

    side = 1024
    square = mx.random.normal((side, side))
    tall, vector = mx.random.normal((16384, 2048)), mx.random.normal((1, 2048))  # 134 MB: more than a cache holds
    mx.eval(square, tall, vector)
    gemm = _best_seconds(lambda: mx.eval(square @ square))
    gemv = _best_seconds(lambda: mx.eval(vector @ tall.T))
    return BlasRates(gemm_gflops=2 * side**3 / gemm / 1e9, gemv_gbs=tall.nbytes / gemv / 1e9)


def usable_cores() -> int:
    """Physical cores that this process may use: hyper-threads only get in a BLAS's way."""
    import psutil

    counts = [psutil.cpu_count(logical=False) or os.cpu_count() or 1, len(os.sched_getaffinity(0))]
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        counts.append(int(quota) // int(period))
    except (OSError, ValueError):  # no cgroup v2, or "max"
        pass
    return max(1, min(counts))


def _best_seconds(run: Callable[[], None], budget: float = 0.5) -> float:
    """The fastest of a few runs; at least two, because the first pays for starting threads."""
    times: list[float] = []
    start = time.perf_counter()
    while len(times) < 2 or (len(times) < 20 and time.perf_counter() - start < budget):
        before = time.perf_counter()
        run()
        times.append(time.perf_counter() - before)
    return min(times)


def _slow() -> str:
    return "MLX computes with its bundled reference BLAS, more than 20 times slower than this machine can."


def _already_global() -> Blas | None:
    """The BLAS that the whole process sees, if there is one: MLX's own is loaded privately."""
    try:
        symbol = ctypes.CDLL(None).cblas_sgemm
    except AttributeError:
        return None
    address = ctypes.cast(symbol, ctypes.c_void_p).value or 0
    path = _library_at(address)
    known = next((name for name in ("mkl", "openblas") if path and name in path.name), "system")
    return Blas(known, path)


def _library_at(address: int) -> Path | None:
    """The file mapped at `address`, from /proc/self/maps (proc(5))."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        span, *_, name = line.split(maxsplit=5)
        low, high = (int(end, 16) for end in span.split("-"))
        if low <= address < high:
            return Path(name)
    return None


def _mlx_bundles_reference() -> bool:
    from importlib.util import find_spec

    spec = find_spec("mlx")
    roots = [Path(place).parent for place in (spec.submodule_search_locations or ())] if spec else []
    return any(next(root.glob("mlx*.libs/libblas*"), None) for root in roots)


def _load_mkl() -> Blas | None:
    for path in _mkl_candidates():
        layer = _mkl_threading_layer(path.parent)
        library = _load_global(path)
        if library is None or not hasattr(library, "cblas_sgemm"):
            continue
        library.MKL_Set_Interface_Layer(_LP64)  # MLX passes 32-bit sizes
        library.MKL_Set_Threading_Layer(layer)
        threads = None if _user_sets_threads("MKL_NUM_THREADS") else usable_cores()
        if threads is not None:
            library.MKL_Set_Num_Threads(threads)
        return Blas("mkl", path, threads)
    return None


def _mkl_candidates() -> Iterator[Path]:
    """Where the wheel's own record says it is, then the environments' lib folders, then Intel's and the system's."""
    from importlib import metadata

    try:
        recorded = [Path(str(file.locate())) for file in metadata.files("mkl") or () if "libmkl_rt.so" in file.name]
    except metadata.PackageNotFoundError:
        recorded = []
    prefixes = [sys.prefix, sys.base_prefix, os.environ.get("CONDA_PREFIX", sys.prefix)]
    folders = [Path(prefix, "lib") for prefix in dict.fromkeys(prefixes)]
    folders += [Path("/opt/intel/oneapi/mkl/latest/lib"), Path("/usr/lib/x86_64-linux-gnu")]
    found = chain(recorded, *(sorted(folder.glob("libmkl_rt.so*"), reverse=True) for folder in folders))
    return (path.resolve() for path in found if path.is_file())


def _mkl_threading_layer(folder: Path) -> int:
    """The layer whose OpenMP (or TBB) library is at hand, loaded here: MKL ends the process if it finds none."""
    for library, layer, number in (
        ("libiomp5.so", "libmkl_intel_thread.so*", _INTEL_THREADS),
        ("libgomp.so.1", "libmkl_gnu_thread.so*", _GNU_THREADS),
        ("libtbb.so.12", "libmkl_tbb_thread.so*", _TBB_THREADS),
    ):
        runtime = folder / library
        available = next(folder.glob(layer), None) is not None
        if available and _load_global(runtime if runtime.is_file() else Path(library)) is not None:
            return number
    return _SEQUENTIAL


def _load_openblas() -> Blas | None:
    for name in _openblas_candidates():
        library = _load_global(Path(name))
        if library is None or not hasattr(library, "cblas_sgemm"):
            continue
        threads = None if _user_sets_threads("OPENBLAS_NUM_THREADS") else usable_cores()
        if threads is not None:
            library.openblas_set_num_threads(threads)
        slower = platform.machine() == "x86_64"
        warning = f"OpenBLAS decodes about half as fast as MKL; {_REMEDY}." if slower else None
        return Blas("openblas", Path(name), threads, warning)
    return None


def _openblas_candidates() -> Iterator[str]:
    prefixes = dict.fromkeys([sys.prefix, os.environ.get("CONDA_PREFIX", sys.prefix)])
    folders = chain((f"{prefix}/lib" for prefix in prefixes), _OPENBLAS_FOLDERS)
    root = Path("/")
    for folder in folders:
        for stem in ("libopenblas.so*", "libopenblasp.so*", "libopenblasp-*.so*"):
            yield from (str(path) for path in sorted(root.glob(f"{folder.lstrip('/')}/{stem}")))
    if (found := find_library("openblas")) is not None:
        yield found


def _load_global(path: Path) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return None


def _user_sets_threads(variable: str) -> bool:
    return variable in os.environ or "OMP_NUM_THREADS" in os.environ
