"""What a project can be worked on with: decided by its files' names and settings. Nothing is imported or started."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import tomllib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from punie_acp.codemode.tools.languages import language_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOOKED_AT = 3000  # entries of the project's folders: enough to know whether there is code
DEPTH = 4  # folders below the project's own
_TEST_FILE = re.compile(r"test_\w*\.py|\w+_test\.py")
_SKIPPED = frozenset({"node_modules", "venv", "__pycache__", "build", "dist", "target", "site-packages"})
_EXECUTABLES = (".venv/bin", "venv/bin", "node_modules/.bin")
_CHECKERS = ("ty", "basedpyright", "pyright", "mypy")
_OWN_SETTINGS = {
    "ty": ("ty.toml",),
    "basedpyright": ("pyrightconfig.json",),
    "pyright": ("pyrightconfig.json",),
    "mypy": ("mypy.ini", ".mypy.ini"),
    "ruff": ("ruff.toml", ".ruff.toml"),
}

TestRunner = Literal["pytest", "unittest"]


@dataclass(frozen=True, slots=True)
class Tool:
    """One of the project's tools: what it is, and the words with which a command of it begins."""

    name: str
    command: tuple[str, ...]
    names_files: bool = False  # its settings say what it looks at


@dataclass(frozen=True, slots=True)
class ProjectTools:
    """What a project has. `git_top` is the folder of the repository that it is, or lies in."""

    tests: Tool | None = None
    checker: Tool | None = None
    linter: Tool | None = None
    git_top: Path | None = None
    has_code: bool = False


def find_tools(root: Path) -> ProjectTools:
    """What the project in `root` has. Takes milliseconds; reads its settings files and the names in its folders."""
    files = list(islice(_files(root, DEPTH), LOOKED_AT))
    settings = _settings(root)
    has_python = any(path.endswith(".py") for path in files)
    return ProjectTools(
        tests=_tests(root, files),
        checker=_checker(root, settings) if has_python else None,
        linter=_linter(root, settings) if has_python else None,
        git_top=_git_top(root) if shutil.which("git") else None,
        has_code=any(language_of(path) is not None for path in files),
    )


def _files(folder: Path, depth: int) -> Iterator[str]:
    """Names of files below `folder`, those in it first."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    yield from (entry.name for entry in entries if not entry.is_dir(follow_symlinks=False))
    for entry in entries if depth else ():
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and entry.name not in _SKIPPED:
            yield from _files(Path(entry.path), depth - 1)


def _executable(root: Path, name: str) -> tuple[str, bool] | None:
    """How `name` is called from `root`, and whether it is the project's own."""
    for folder in _EXECUTABLES:
        if os.access(root / folder / name, os.X_OK):
            return f"{folder}/{name}", True
    return (name, False) if shutil.which(name) else None


def _tests(root: Path, files: list[str]) -> Tool | None:
    if not any(_TEST_FILE.fullmatch(name) for name in files):
        return None
    pytest = _executable(root, "pytest")
    if pytest is not None:
        return Tool("pytest", (pytest[0], "-q", "--color=no"))
    python = _executable(root, "python") or _executable(root, "python3")
    return Tool("unittest", (python[0], "-m", "unittest")) if python is not None else None


def _checker(root: Path, settings: Mapping[str, Mapping[str, object]]) -> Tool | None:
    """The checker that the project is set up for, else the first that is installed in it."""
    found = {name: known for name in _CHECKERS if (known := _executable(root, name)) is not None}
    set_up = [name for name in found if name in settings]
    own = [name for name, (_, is_own) in found.items() if is_own]
    name = next(iter([*(name for name in set_up if name in own), *set_up, *own]), None)
    if name is None:
        return None
    names_files = bool({"files", "packages", "modules"} & set(settings.get(name, {})))
    return Tool(name, (found[name][0],), names_files)


def _linter(root: Path, settings: Mapping[str, object]) -> Tool | None:
    ruff = _executable(root, "ruff")
    return Tool("ruff", (ruff[0],)) if ruff is not None and (ruff[1] or "ruff" in settings) else None


def _settings(root: Path) -> dict[str, Mapping[str, object]]:
    """The settings of the tools that the project is set up for, by tool. What cannot be read says nothing."""
    found: dict[str, Mapping[str, object]] = {
        tool: _sections(root / name).get("mypy", {}) if tool == "mypy" else {}
        for tool, names in _OWN_SETTINGS.items()
        for name in names
        if (root / name).is_file()
    }
    setup = _sections(root / "setup.cfg")
    if "mypy" in setup:
        found.setdefault("mypy", setup["mypy"])
    return found | _pyproject(root / "pyproject.toml")


def _pyproject(file: Path) -> dict[str, Mapping[str, object]]:
    try:
        tools: object = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError):
        return {}
    known = cast("dict[str, object]", tools) if isinstance(tools, dict) else {}
    return {
        name: cast("Mapping[str, object]", given)
        for name in _OWN_SETTINGS
        if isinstance(given := known.get(name), dict)
    }


def _sections(file: Path) -> dict[str, Mapping[str, object]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, configparser.Error):
        return {}
    return {name: dict(parser[name]) for name in parser.sections()}


def _git_top(root: Path) -> Path | None:
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
