"""Whether a CPU here can compute with packed weights: the processor and the C compiler that the kernels need.

Kept apart from the kernels themselves (`inference/compiled.py`): how much memory a model needs, and so which one
`auto` picks, depends on it long before a model is loaded.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path


class KernelUnavailableError(RuntimeError):
    """This machine computes without the kernels. The message says why, and what would change that."""


def check_processor() -> None:
    """Raises `KernelUnavailableError` on a machine that the kernels are not for."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise KernelUnavailableError("the kernels for packed weights are for Linux on x86-64 processors")
    if not {"avx2", "fma", "f16c"} <= _abilities():
        raise KernelUnavailableError("this processor lacks AVX2, which the kernels for packed weights need")


def processor_flags() -> tuple[str, ...]:
    """What the compiler may assume of the processor here, beyond what all have that the kernels are for."""
    if {"avx512vl", "avx512_vnni", "avx512vbmi"} <= _abilities():  # Intel since Ice Lake, AMD since Zen 4
        return "-mavx512vl", "-mavx512vnni", "-mavx512vbmi"
    return ()


def _abilities() -> set[str]:
    """Of the first processor."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    return set(next((line for line in lines if line.startswith("flags")), "").split())


def find_compiler() -> str:
    """The C compiler: $CC, else the first that is installed. Raises `KernelUnavailableError`."""
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and (found := shutil.which(name)):
            return found
    raise KernelUnavailableError(
        "there is no C compiler for the kernels that use packed weights; "
        "install one (Debian and Ubuntu: `apt install gcc`)"
    )


def can_keep_packed() -> bool:
    """Whether a CPU model's weights stay packed here; expanded to float32 they take about four times the memory."""
    try:
        check_processor()
        find_compiler()
    except KernelUnavailableError:
        return False
    return True
