"""The few statistics that the report needs, each by its textbook formula."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Z95 = 1.959963984540054  # of the normal distribution, 95 % two-sided
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(successes: int, trials: int, z: float = Z95) -> Interval:
    """The rate of `successes` with Wilson's score interval (Wilson 1927). Nothing tried: nothing known, 0 to 1."""
    if not trials:
        return Interval(0.0, 0.0, 1.0)
    rate, square = successes / trials, z * z
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials * trials))
    return Interval(rate, max(0.0, middle - half), min(1.0, middle + half))


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p of McNemar's test: a binomial test of the pairs in which just one of the two succeeded."""
    pairs = only_first + only_second
    tail = sum(math.comb(pairs, count) for count in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / 2**pairs)


def ratio_of_means(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Interval | None:
    """Mean of `first` over mean of `second`, pair by pair the same task, with a paired percentile bootstrap.

    None where there are no pairs, or `second` has no mean. Raises `ValueError` for sequences of different lengths.
    """
    pairs = list(zip(first, second, strict=True))
    if not pairs or sum(second) <= 0:
        return None
    random_ = random.Random(seed)  # noqa: S311 - a resampling, not a secret
    ratios = sorted(_ratio(random_.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    return Interval(_ratio(pairs), quantile(ratios, 0.025), quantile(ratios, 0.975))


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    below = sum(second for _, second in pairs)
    return sum(first for first, _ in pairs) / below if below > 0 else math.inf


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie, interpolated between its neighbours; 0 for none."""
    if not ordered:
        return 0.0
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    if ordered[below] == ordered[above]:  # also where both are infinite
        return ordered[below]
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float:
    """The middle value; 0 for none."""
    return quantile(sorted(values), 0.5)


def mean(values: Sequence[float]) -> float:
    """The mean; 0 for none."""
    return sum(values) / len(values) if values else 0.0
