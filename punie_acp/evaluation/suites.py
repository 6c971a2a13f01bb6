"""Suites on the disk: `suites/<suite>/<project>/` with `project.toml`, `tasks.toml` and `files/`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, cast

from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.tasks import CATEGORIES, CHECK_KINDS, Check, Project, Split, Task

FOLDER = Path(__file__).parent / "suites"
_KEYS = {"id", "category", "prompt", "checks", "program", "answer"}


def load_suite(name: str = "workspace", folder: Path = FOLDER) -> tuple[tuple[Project, ...], tuple[Task, ...]]:
    """The projects and tasks of a suite. Raises `EvaluationError` that names the file and the task."""
    found = sorted((folder / name).glob("*/tasks.toml"))
    if not found:
        there = ", ".join(sorted({path.parts[-3] for path in folder.glob("*/*/tasks.toml")}))
        raise EvaluationError(f"there is no suite {name!r}; there are: {there}")
    projects = tuple(_project(file.parent) for file in found)
    tasks = tuple(task for project, file in zip(projects, found, strict=True) for task in _tasks(project, file))
    return projects, tasks


def _project(folder: Path) -> Project:
    file = folder / "project.toml"
    table = _read(file)
    if table.get("split") not in ("dev", "test") or not (folder / "files").is_dir():
        raise EvaluationError(f"{file}: needs a split, dev or test, and a folder files/ beside it")
    return Project(folder.name, folder / "files", cast("Split", table["split"]), str(table.get("language", "")))


def _tasks(project: Project, file: Path) -> list[Task]:
    tasks = [_task(project, file, table) for table in cast("list[dict[str, Any]]", _read(file).get("task", []))]
    names = [task.id for task in tasks]
    if twice := [name for name in names if names.count(name) > 1]:
        raise EvaluationError(f"{file}: two tasks are called {twice[0]!r}")
    return tasks


def _task(project: Project, file: Path, table: dict[str, Any]) -> Task:
    where = f"{file}, task {table.get('id', '?')!r}"
    missing = {"id", "category", "prompt", "checks"} - set(table)
    if missing or set(table) - _KEYS:
        raise EvaluationError(f"{where}: missing {sorted(missing)}, unknown {sorted(set(table) - _KEYS)}")
    if table["category"] not in CATEGORIES:
        raise EvaluationError(f"{where}: the category is one of {', '.join(CATEGORIES)}")
    return Task(
        id=f"{project.name}/{table['id']}",
        project=project.name,
        split=project.split,
        category=table["category"],
        prompt=table["prompt"],
        checks=tuple(_check(where, check) for check in table["checks"]),
        program=table.get("program", ""),
        answer=table.get("answer", ""),
    )


def _check(where: str, table: dict[str, Any]) -> Check:
    kind, value = table.get("kind"), table.get("value", "")
    if kind not in CHECK_KINDS or set(table) - {"kind", "value", "path"}:
        raise EvaluationError(f"{where}: a check has a kind ({', '.join(CHECK_KINDS)}), a value, perhaps a path")
    return Check(kind, tuple(map(str, value)) if isinstance(value, list) else value, str(table.get("path", "")))  # pyright: ignore[reportUnknownArgumentType]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise EvaluationError(f"{file} cannot be read: {error}") from error
