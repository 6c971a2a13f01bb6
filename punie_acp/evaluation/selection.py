"""Which tasks of a suite are run."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.tasks import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.evaluation.tasks import Task


def select(
    tasks: Sequence[Task],
    *,
    split: str = "all",
    categories: Sequence[str] = (),
    patterns: Sequence[str] = (),
    limit: int | None = None,
    seed: int = 0,
) -> tuple[Task, ...]:
    """The tasks of a split, of one of `categories`, whose ids match one of `patterns`; of these a sample of `limit`.

    They stay in the suite's order. Raises `EvaluationError` where that leaves none, a pattern matches nothing, or there
    is no such category.
    """
    _know(categories)
    chosen = [task for task in tasks if split in ("all", task.split)]
    for pattern in patterns:
        if not any(fnmatchcase(task.id, pattern) for task in chosen):
            raise EvaluationError(f"no task of this split is called {pattern!r}")
    if patterns:
        chosen = [task for task in chosen if any(fnmatchcase(task.id, pattern) for pattern in patterns)]
    if not chosen:
        raise EvaluationError(f"the suite has no tasks in the split {split!r}")
    if categories:
        chosen = [task for task in chosen if task.category in categories]
    if not chosen:
        raise EvaluationError(f"none of these tasks is of the category {' or '.join(categories)}")
    if limit is not None and limit < len(chosen):
        wanted = {task.id for task in _sample(chosen, limit, seed)}
        chosen = [task for task in chosen if task.id in wanted]
    return tuple(chosen)


def _know(categories: Sequence[str]) -> None:
    for name in categories:
        if name not in CATEGORIES:
            raise EvaluationError(f"there is no category {name!r}; there are: {', '.join(CATEGORIES)}")


def _sample(tasks: Sequence[Task], size: int, seed: int) -> list[Task]:
    """A sample with as many of each category as there can be. A larger one of the same seed contains it."""
    random_ = random.Random(seed)  # noqa: S311 - a sample, not a secret
    piles: dict[str, list[Task]] = {}
    for task in tasks:
        piles.setdefault(task.category, []).append(task)
    for pile in piles.values():
        random_.shuffle(pile)
    rounds = range(max(map(len, piles.values())))
    dealt = [pile[place] for place in rounds for pile in piles.values() if place < len(pile)]
    return dealt[:size]
