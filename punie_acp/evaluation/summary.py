"""Records as figures: each arm in each category, arms against each other, failures by cause."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.evaluation.statistics import Interval, mcnemar, mean, median, ratio_of_means, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.evaluation.results import Record, Results

ALL = ""  # all categories together
CATEGORIES = ("direct", "single", "read", "edit")
TITLES = {
    "direct": "direct answer",
    "single": "single tool",
    "read": "multi-step read",
    "edit": "multi-step edit",
    ALL: "all",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """One arm in one category. Means are per task, seconds or counts; times of all tasks, failed ones too."""

    arm: str
    category: str
    tasks: int
    passed: int
    rate: Interval  # Wilson
    median_seconds: float
    mean_seconds: float
    model_seconds: float
    tool_seconds: float
    waiting_seconds: float
    turns: float
    external_calls: float
    decoded: float
    prefilled: float


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two arms (or runs) on the tasks that both have."""

    category: str
    tasks: int
    both: int
    only_first: int
    only_second: int
    p: float  # McNemar, exact
    time_ratio: Interval | None  # mean time, first over second, of the tasks in which both succeeded


def figures(results: Results) -> list[Figures]:
    """Each arm in each category that it has tasks of, and in all."""
    return [
        _figures(arm, category, found)
        for arm in results.arms
        for category in (*CATEGORIES, ALL)
        if (found := results.of(arm, category))
    ]


def _figures(arm: str, category: str, records: Sequence[Record]) -> Figures:
    passed = sum(record.passed for record in records)
    return Figures(
        arm=arm,
        category=category,
        tasks=len(records),
        passed=passed,
        rate=wilson(passed, len(records)),
        median_seconds=median([record.seconds for record in records]),
        mean_seconds=mean([record.seconds for record in records]),
        model_seconds=mean([record.model_seconds for record in records]),
        tool_seconds=mean([record.tool_seconds for record in records]),
        waiting_seconds=mean([record.waiting_seconds for record in records]),
        turns=mean([record.turns for record in records]),
        external_calls=mean([record.external_calls for record in records]),
        decoded=mean([record.decoded for record in records]),
        prefilled=mean([record.prefilled for record in records]),
    )


def pairings(first: Sequence[Record], second: Sequence[Record]) -> list[Pairing]:
    """The tasks that both have, by category and in all."""
    others = {record.task: record for record in second}
    pairs = [(record, others[record.task]) for record in first if record.task in others]
    found: list[Pairing] = []
    for category in (*CATEGORIES, ALL):
        chosen = [pair for pair in pairs if category in (ALL, pair[0].category)]
        if chosen:
            found.append(_pairing(category, chosen))
    return found


def _pairing(category: str, pairs: Sequence[tuple[Record, Record]]) -> Pairing:
    both = [pair for pair in pairs if pair[0].passed and pair[1].passed]
    only_first = sum(first.passed and not second.passed for first, second in pairs)
    only_second = sum(second.passed and not first.passed for first, second in pairs)
    return Pairing(
        category=category,
        tasks=len(pairs),
        both=len(both),
        only_first=only_first,
        only_second=only_second,
        p=mcnemar(only_first, only_second),
        time_ratio=ratio_of_means([one.seconds for one, _ in both], [other.seconds for _, other in both]),
    )


def causes(records: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    """Failures by cause, the most frequent first."""
    counted = Counter(record.cause for record in records if not record.passed)
    return [(cause, [one for one in records if one.cause == cause]) for cause, _ in counted.most_common()]
