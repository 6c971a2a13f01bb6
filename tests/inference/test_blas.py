"""Each case in a process of its own: a library that is loaded stays loaded."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINUX_X86 = sys.platform == "linux" and platform.machine() == "x86_64"
REPORT = """
import json
from punie_acp.inference.blas import load_fast_blas
blas = load_fast_blas()
import mlx.core as mx
product = (mx.ones((8, 8)) @ mx.ones((8, 8))).sum().item()
maps = open("/proc/self/maps").read()
print(json.dumps([blas.name, blas.threads, blas.warning, product, "libmkl_core" in maps]))
"""


def report(program: str = REPORT, **environment: str) -> list:
    child = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith(("MKL", "OMP"))} | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(child.stdout)


@pytest.mark.skipif(not LINUX_X86, reason="MKL has wheels for x86-64 Linux only")
def test_mkl_is_found_without_configuration_and_mlx_computes_with_it() -> None:
    name, threads, warning, product, mkl_in_use = report()
    assert (name, warning, product) == ("mkl", None, 512)
    assert mkl_in_use, "MKL loads its core when it is first called"
    assert 1 <= threads <= (os.cpu_count() or 1)


@pytest.mark.skipif(not LINUX_X86, reason="MKL has wheels for x86-64 Linux only")
def test_threads_that_the_user_chose_are_left_alone() -> None:
    assert report(OMP_NUM_THREADS="1")[:2] == ["mkl", None]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux wheels bundle the reference BLAS")
def test_loading_after_mlx_is_detected_and_said() -> None:
    name, _, warning, product, _ = report("import mlx.core\n" + REPORT)
    assert (name, product) == ("reference", 512)
    assert "mlx was imported before" in warning


@pytest.mark.skipif(not LINUX_X86, reason="MKL has wheels for x86-64 Linux only")
def test_measured_rates_show_that_it_took_effect() -> None:
    measure = """
import json
from punie_acp.inference.blas import measure_blas
rates = measure_blas()
print(json.dumps([rates.gemm_gflops, rates.gemv_gbs]))
"""
    gflops, gbs = report(measure)
    assert gflops > 15, "the reference BLAS reaches a few GFLOP/s"
    assert gbs > 1


@pytest.mark.parametrize("module", ["engine", "loading", "model", "tokenizer", "chat", "kv"])
def test_a_blas_can_still_be_loaded_when_the_room_has_been_imported(module):
    program = (
        f"import sys, punie_acp.inference.{module}; print([name for name in sys.modules if name.startswith('mlx')])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
