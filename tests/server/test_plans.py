"""The plan that a model writes as a task list."""

from __future__ import annotations

from punie_acp.server.plans import PlanReader


def entries(reader):
    return [(entry["content"], entry["status"]) for entry in reader.update()["entries"]]


def read(reader, message_id, text):
    """Have `text` come letter by letter; how often the plan was another one."""
    return sum(reader.read(message_id, letter) for letter in text)


def test_a_task_list_is_a_plan():
    reader = PlanReader()

    news = read(reader, "m1", "I will\n- [x] look\n* [~] write\n1. [ ] test it\nand so on")

    assert news == 2  # from the second entry on
    assert entries(reader) == [("look", "completed"), ("write", "in_progress"), ("test it", "pending")]


def test_a_last_line_without_an_end_counts_at_the_end():
    reader = PlanReader()

    assert read(reader, "m1", "- [ ] one\n- [ ] two") == 0
    assert reader.end()
    assert entries(reader) == [("one", "pending"), ("two", "pending")]


def test_a_later_message_goes_on_with_the_plan_or_has_another():
    reader = PlanReader()
    read(reader, "m1", "- [ ] one\n- [ ] two\n")

    read(reader, "m2", "Done:\n- [x] one\n")
    assert entries(reader) == [("one", "completed"), ("two", "pending")]
    read(reader, "m3", "- [ ] other\n- [ ] things\n")
    assert entries(reader) == [("other", "pending"), ("things", "pending")]


def test_what_is_no_task_list_is_no_plan():
    reader = PlanReader()

    assert (
        read(reader, "m1", "1. one\n2. two\n- [link](x)\n- [ ]\n- [ ] alone\n```\n- [ ] in code\n- [ ] too\n```\n") == 0
    )
    assert not reader.end()
