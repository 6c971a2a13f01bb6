"""Which tasks are chosen."""

from __future__ import annotations

import pytest

from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.selection import select
from punie_acp.evaluation.suites import load_suite

TASKS = load_suite("mission")[1]


def test_only_tasks_of_the_chosen_categories_are_taken():
    chosen = select(TASKS, categories=("single", "direct"))
    assert [task.category for task in chosen] == ["direct"] * 2 + ["single"] * 3
    assert [task.category for task in select(TASKS, categories=("edit",), limit=1)] == ["edit"]


@pytest.mark.parametrize(
    ("categories", "sentence"), [(("read", "all"), "no category 'all'"), (("read",), "none of these tasks is of the")]
)
def test_a_choice_that_leaves_nothing_is_said_in_a_sentence(categories, sentence):
    with pytest.raises(EvaluationError, match=sentence):
        select(TASKS, patterns=("parcels/rename-*",), categories=categories)
