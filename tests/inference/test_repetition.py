"""Answers that repeat themselves without end."""

import random

import pytest

from punie_acp.inference.repetition import MOST, repeats_itself


def endless(period, tokens):
    return [index % period for index in range(tokens)]


def rows(period, tokens):
    """As `endless`, of few different tokens."""
    return [min(index % period, 6) for index in range(tokens)]


@pytest.mark.parametrize(("period", "tokens"), [(1, 384), (7, 384), (8, 192), (38, 192), (60, 300), (128, 640)])
def test_what_is_repeated_for_ever_is_found_once_it_is_long_enough(period, tokens):
    before = random.Random(period).sample(range(1000, 9000), 500)
    assert repeats_itself(before + endless(period, tokens))
    assert not repeats_itself(before + endless(period, tokens - 1))


@pytest.mark.parametrize(("period", "tokens"), [(16, 384), (30, 30 * 24), (64, MOST)])
def test_rows_of_few_different_tokens_may_come_more_often(period, tokens):
    assert repeats_itself([*range(1000, 1500), *rows(period, tokens)])
    assert not repeats_itself([*range(1000, 1500), *rows(period, tokens - 1)])


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        [1] * 300,  # a board of zeros
        rows(33, 33 * 16),  # another one
        endless(100, 400),  # the same lines four times
        endless(129, 5000),  # a page of like functions
        [*endless(5, 400), 99],  # it has come to an end
        [token for index in range(300) for token in (1, 2, index)],  # numbered lines
    ],
)
def test_long_lists_and_tables_are_no_endless_repetition(tokens):
    assert not repeats_itself(tokens)
