"""Ordinary Python as external calls: `open`, `pathlib`, `os`, `glob`, `shutil`, `subprocess`.

`pathlib` and `os` are Monty's own and pause with an OS function (`Path.read_text`); the rest are host functions that
the prelude (`prelude/*.monty`) puts where programs look for them (`subprocess.run`). Either way a planner here turns
the call into a `Plan`, like those of `functions.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.codemode.hostmodules.changes import copy, copytree, mkdir, move, rename, rmdir, rmtree, unlink
from punie_acp.codemode.hostmodules.commands import getoutput, getstatusoutput, subprocess_run, system
from punie_acp.codemode.hostmodules.files import (
    append_bytes,
    append_text,
    read_bytes,
    read_text,
    write_bytes,
    write_text,
)
from punie_acp.codemode.hostmodules.looking import (
    exists,
    glob,
    is_dir,
    is_file,
    is_symlink,
    iterdir,
    scan,
    stat,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from punie_acp.codemode.calls import Plan

OS_FUNCTIONS: dict[str, Callable[..., Awaitable[Plan]]] = {
    "Path.exists": exists,
    "Path.is_file": is_file,
    "Path.is_dir": is_dir,
    "Path.is_symlink": is_symlink,
    "Path.stat": stat,
    "Path.iterdir": iterdir,
    "Path.scan": scan,
    "Path.read_text": read_text,
    "Path.read_bytes": read_bytes,
    "Path.write_text": write_text,
    "Path.write_bytes": write_bytes,
    "Path.append_text": append_text,
    "Path.append_bytes": append_bytes,
    "Path.mkdir": mkdir,
    "Path.unlink": unlink,
    "Path.rmdir": rmdir,
    "Path.rename": rename,
}
"""What Monty's own `pathlib`, `os` and `os.path` pause with."""

HOST_FUNCTIONS: dict[str, Callable[..., Awaitable[Plan]]] = {
    "open.read_text": read_text,
    "open.read_bytes": read_bytes,
    "open.write_text": write_text,
    "open.write_bytes": write_bytes,
    "open.append_text": append_text,
    "open.append_bytes": append_bytes,
    "open.exists": exists,
    "open.unlink": unlink,
    "glob.glob": glob,
    "shutil.copy": copy,
    "shutil.copytree": copytree,
    "shutil.move": move,
    "shutil.rmtree": rmtree,
    "subprocess.run": subprocess_run,
    "subprocess.getoutput": getoutput,
    "subprocess.getstatusoutput": getstatusoutput,
    "os.system": system,
}
"""What the prelude calls, or gives to programs under this very name."""
