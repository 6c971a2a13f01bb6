"""Programs that import the project's own modules: the sandbox cannot, so the project's own Python runs them.

Such a program becomes one `run_command`, shown and asked about as every command is.
"""

from __future__ import annotations

import ast
import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.source import imported_modules, syntax_if_any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SOURCES = ("", "src")  # folders that a project's modules are imported from
_PYTHONS = (".venv/bin/python", "venv/bin/python")
_COMMAND = """\
_done = run_command([{python!r}, "-c", {code}])
print(_done.stdout, end="")
if _done.exit_code:
    raise RuntimeError((_done.stderr.strip().splitlines() or [f"exit code {{_done.exit_code}}"])[-1])
"""


@dataclass(frozen=True, slots=True)
class Handed:
    """What runs in place of a program, and a sentence for the user."""

    code: str
    note: str


def handed_to_project(code: str, root: Path, others: Iterable[str], earlier: Iterable[str]) -> Handed | None:
    """`code` as a command of the project's own Python, where it imports modules of the project in `root`.

    None where it does not, and where it needs the sandbox: it uses an external function (the usual ones, or one of
    `others`), or a name that a program before it has left (`earlier`).
    """
    syntax = syntax_if_any(code)
    if syntax is None:
        return None
    places = {name: place for name in imported_modules(syntax.nodes) if (place := module_place(root, name)) is not None}
    if not places or _names(syntax.nodes) & {*FUNCTIONS, *others, *earlier}:
        return None
    python = next((path for path in _PYTHONS if os.access(root / path, os.X_OK)), None)
    python = python or next((name for name in ("python", "python3") if shutil.which(name)), None)
    if python is None:
        return None
    folders = [place for place in dict.fromkeys(places.values()) if place]
    path = "".join(f"import sys; sys.path.insert(0, {folder!r})\n" for folder in folders)
    names = sorted({name.partition(".")[0] for name in places})
    note = f"The project's own Python runs it, because it imports {', '.join(names)}."
    return Handed(_COMMAND.format(python=python, code=_quoted(path + code)), note)


def _quoted(code: str) -> str:
    """A literal of `code`, in lines where that can be."""
    lines = f"r'''\n{code}\n'''"
    return repr(code) if "'''" in code else lines


def module_place(root: Path, name: str) -> str | None:
    """The folder of `root` from which the module `name` is imported; None where the project has none of that name."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return None
    return next((folder for folder in _SOURCES if any(_is_module(root / folder, one) for one in {top, name})), None)


def _is_module(folder: Path, name: str) -> bool:
    base = folder.joinpath(*name.split("."))
    return base.with_suffix(".py").is_file() or (base.is_dir() and any(base.glob("*.py")))


def _names(nodes: Iterable[ast.AST]) -> set[str]:
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
