"""Checks of MLX: whether it starts, on which device, and how fast it multiplies."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

from punie_acp.doctor.findings import Finding, failure, ok, warning

if TYPE_CHECKING:
    from punie_acp.settings import Settings

PROBE = "import mlx.core as mx; mx.eval(mx.ones((8, 8)) @ mx.ones((8, 8)))"
PROBE_SECONDS = 120

# Below these a CPU is not using a fast BLAS, or is busy: the reference one reaches about 3 GFLOP/s.
SLOW_GEMM, SLOW_GEMV = 20.0, 3.0


class MlxBrokenError(Exception):
    """MLX cannot be used on this machine, so what depends on it cannot be checked."""


@cache
def require_mlx() -> None:
    """Raise `MlxBrokenError` unless MLX starts. Tried in a child: on an unsuitable processor it dies of a signal."""
    probe = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
    )
    if probe.returncode < 0:
        raise MlxBrokenError(f"MLX ends with {signal.Signals(-probe.returncode).name}")
    if probe.returncode > 0:
        raise MlxBrokenError(f"MLX does not start: {probe.stderr.strip().splitlines()[-1]}")


def check_mlx(_settings: Settings) -> list[Finding]:
    """MLX's version, its device, and the BLAS it computes with on a CPU."""
    try:
        require_mlx()
    except MlxBrokenError as error:
        remedy = "Install punie-acp again in a fresh environment; on Linux MLX needs glibc 2.35 and a CPU with AVX2."
        return [failure("mlx", str(error), remedy)]
    from punie_acp.inference.blas import load_fast_blas

    blas = load_fast_blas()
    from importlib.metadata import version

    from punie_acp.weights.catalogue import detect_device

    device = detect_device()
    text = f"MLX {version('mlx')} on {device}" + (f" with {blas.name}" if device == "cpu" else "")
    facts: dict[str, object] = {"device": device, "blas": blas.name, "path": blas.path, "threads": blas.threads}
    if device == "cpu" and blas.warning:
        return [warning("mlx", text, blas.warning, **facts)]
    return [ok("mlx", text, **facts)]


def check_kernel(_settings: Settings) -> list[Finding]:
    """The kernels for packed weights, which a CPU needs a C compiler for."""
    from punie_acp.weights.catalogue import detect_device

    try:
        require_mlx()
    except MlxBrokenError:
        return []
    if detect_device() != "cpu":
        return []
    from punie_acp.inference.blas import load_fast_blas
    from punie_acp.inference.compiled import load_kernels
    from punie_acp.weights.compiler import KernelUnavailableError

    load_fast_blas()
    try:
        kernels = load_kernels()
    except KernelUnavailableError as error:
        return [
            warning(
                "kernel",
                str(error),
                "Without them a model needs several times the memory and writes several times slower.",
            )
        ]
    return [ok("kernel", f"computes with packed weights on {kernels.threads} threads", threads=kernels.threads)]


def check_speed(_settings: Settings) -> list[Finding]:
    """A matrix times a matrix, as when a prompt is read, and times a vector, as when an answer is written."""
    try:
        require_mlx()
    except MlxBrokenError as error:
        return [warning("speed", f"not measured: {error}", "See the line about MLX.")]
    from punie_acp.inference.blas import measure_blas

    rates = measure_blas()
    text = f"GEMM {rates.gemm_gflops:.0f} GFLOP/s, GEMV {rates.gemv_gbs:.1f} GB/s"
    facts = {"gemm_gflops": rates.gemm_gflops, "gemv_gbs": rates.gemv_gbs}
    if rates.gemm_gflops < SLOW_GEMM or rates.gemv_gbs < SLOW_GEMV:
        remedy = "Close busy programs and try again; if it stays, follow the advice of the line about MLX."
        return [warning("speed", f"{text}: slow", remedy, **facts)]
    return [ok("speed", text, **facts)]
