"""The statistics against values from textbooks and papers."""

import math

import pytest

from punie_acp.evaluation.statistics import mcnemar, median, quantile, ratio_of_means, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_those_of_newcombe(successes, trials, low, high):
    found = wilson(successes, trials)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.value == successes / trials


def test_of_nothing_tried_nothing_is_known():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1.0), (0, 5, 0.0625), (6, 16, 0.0525), (10, 5, 0.3018), (3, 3, 1.0), (1, 9, 0.0215)],
)
def test_mcnemar_is_the_exact_binomial_test(only_first, only_second, p):
    assert mcnemar(only_first, only_second) == pytest.approx(p, abs=5e-5)
    assert mcnemar(only_second, only_first) == mcnemar(only_first, only_second)


def test_a_ratio_that_is_the_same_in_each_pair_has_no_width():
    found = ratio_of_means([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_the_bootstrap_interval_is_near_the_one_of_theory():
    """For a mean of n values the interval is 1.96 standard errors to each side (here the second of each pair is 1)."""
    values = [1 + 0.2 * math.sin(number * 2.399) for number in range(200)]
    found = ratio_of_means(values, [1.0] * 200)
    mean = sum(values) / 200
    error = math.sqrt(sum((value - mean) ** 2 for value in values) / 200) / math.sqrt(200)
    assert found.value == pytest.approx(mean)
    assert (found.low, found.high) == (
        pytest.approx(mean - 1.96 * error, abs=0.003),
        pytest.approx(mean + 1.96 * error, abs=0.003),
    )
    assert ratio_of_means(values, [1.0] * 200) == found, "not the same again"


def test_there_is_no_ratio_of_nothing():
    assert ratio_of_means([], []) is None
    assert ratio_of_means([1.0], [0.0]) is None
    with pytest.raises(ValueError, match="shorter"):
        ratio_of_means([1.0], [])


def test_quantiles_are_interpolated():
    assert quantile([1, 2, 3, 4], 0.25) == 1.75  # as numpy's and R's type 7
    assert median([3, 1, 2, 10]) == 2.5
    assert median([]) == 0
