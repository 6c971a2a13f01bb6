"""The report of an evaluation: the same tables as Markdown and, with plots, as one HTML page that links to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from punie_acp.evaluation import plots
from punie_acp.evaluation.results import differences
from punie_acp.evaluation.summary import ALL, TITLES, causes, figures, pairings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from punie_acp.evaluation.results import Record, Results
    from punie_acp.evaluation.statistics import Interval
    from punie_acp.evaluation.summary import Figures, Pairing

EXAMPLES = 2  # of each cause

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { border-bottom: 1px solid #8884; padding: 3px 10px; text-align: right; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
svg { max-width: 100%; height: auto; }
"""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a paragraph, and a table or a plot."""

    title: str
    text: str = ""
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    plot: str = ""  # SVG


def write_report(results: Results, file: Path) -> tuple[Path, Path]:
    """Write the report beside the results `file`: a Markdown file and an HTML page. Returns both."""
    sections = report_sections(results)
    title = f"Evaluation of {results.facts.get('model')} on {results.facts.get('suite')}"
    markdown, page = file.with_suffix(".md"), file.with_suffix(".html")
    markdown.write_text(as_markdown(title, sections), encoding="utf-8")
    page.write_text(as_html(title, sections), encoding="utf-8")
    return markdown, page


def report_sections(results: Results) -> list[Section]:
    """The whole report, without its title."""
    found = figures(results)
    return [
        *_success(found),
        *_first_answers(results),
        *_cost(found, results.records, int(results.facts.get("jobs", 1))),
        *_between_arms(results),
        *_failures(results),
        *_notes(results),
        _facts(results.facts),
    ]


def comparison(first: Results, second: Results) -> list[Section]:
    """Two runs against each other, arm by arm, on the tasks that both have."""
    arms = [arm for arm in first.arms if arm in second.arms]
    sections = [_pairs(f"{arm}: A against B", pairings(first.of(arm), second.of(arm)), ("A", "B")) for arm in arms]
    changed = [
        (arm, one.task, "lost" if one.passed else "won", (one if not one.passed else other).cause)
        for arm in arms
        for one in first.of(arm)
        for other in second.of(arm)
        if one.task == other.task and one.passed != other.passed
    ]
    if changed:
        rows = tuple(
            (arm, task, "lost in B" if word == "lost" else "won in B", cause) for arm, task, word, cause in changed
        )
        sections.append(Section("Tasks that changed", "", ("arm", "task", "change", "cause of the failure"), rows))
    other = tuple((text,) for text in differences(first.facts, second.facts))
    sections.append(Section("Facts that differ", "" if other else "None.", ("fact",) if other else (), other))
    return sections


def _success(found: Sequence[Figures]) -> list[Section]:
    rows = tuple((one.arm, TITLES[one.category], f"{one.passed}/{one.tasks}", _percent(one.rate)) for one in found)
    text = "A task counts where its turn ended by itself and every check of it holds. Intervals: Wilson, 95 %."
    return [
        Section("Success", text, ("arm", "category", "passed", "rate"), rows),
        Section("Success by arm", plot=plots.success_plot(found)),
    ]


def _notes(results: Results) -> list[Section]:
    """What is to be said of the arms that are not ours."""
    rows = tuple((arm, text) for arm, text in results.notes.items())
    return [Section("Arms of others", "", ("arm", "what it is, or why it is not there"), rows)] if rows else []


def _first_answers(results: Results) -> list[Section]:
    """Of a suite that tells the agent when it is wrong; nothing of the others."""
    if not any(record.prompts > 1 for record in results.records):
        return []
    text = "Wrong answers were told and tried again. So many first answers were right:"
    rows = tuple(
        (arm, f"{sum(record.right_at_once for record in found)}/{len(found)}")
        for arm in results.arms
        if (found := results.of(arm))
    )
    return [Section("First answers", text, ("arm", "right"), rows)]


def _cost(found: Sequence[Figures], records: Sequence[Record], jobs: int) -> list[Section]:
    header = ("arm", "category", "median s", "mean s", "model s", "tools s", "waiting s", "turns", "calls", "decoded",
              "prefilled")  # fmt: skip
    rows = tuple(
        (
            one.arm,
            TITLES[one.category],
            *(
                f"{value:.1f}"
                for value in (one.median_seconds, one.mean_seconds, one.model_seconds, one.tool_seconds,
                              one.waiting_seconds, one.turns, one.external_calls)
            ),
            f"{one.decoded:.0f}",
            f"{one.prefilled:.0f}",
        )
        for one in found
    )  # fmt: skip
    text = (
        "Seconds from the prompt to the answer; means per task from the third column of times on. Tools: programs with "
        "their calls, or calls alone. Waiting: all that is neither model nor tools. Tokens: decoded, and prefilled, "
        "without those that the KV cache held."
    )
    if jobs > 1:
        text += f" Up to {jobs} tasks ran at once and shared the machine: these are not the times of a task alone."
    return [
        Section("What it took", text, header, rows),
        Section("Time by arm", "The median.", plot=plots.time_plot(found)),
        Section("Time against turns", "One dot a task; hollow where it failed.", plot=plots.turns_plot(records)),
        Section("Where time goes", "Mean seconds a task.", plot=plots.parts_plot(found)),
    ]


def _between_arms(results: Results) -> list[Section]:
    if len(results.arms) < 2:
        return []
    first, *others = results.arms
    return [
        _pairs(f"{first} against {other}", pairings(results.of(first), results.of(other)), (first, other))
        for other in others
    ]


def _pairs(title: str, found: Sequence[Pairing], names: tuple[str, str]) -> Section:
    header = ("category", "tasks", "both", f"only {names[0]}", f"only {names[1]}", "p", f"time {names[0]} / {names[1]}")
    rows = tuple(
        (
            TITLES[one.category],
            *map(str, (one.tasks, one.both, one.only_first, one.only_second)),
            f"{one.p:.3f}",
            _ratio(one.time_ratio),
        )
        for one in found
    )
    text = (
        "The same tasks in both. p: McNemar's test, exact, two-sided. Time: ratio of the means where both succeeded, "
        "with a paired bootstrap's 95 % interval."
    )
    return Section(title, text, header, rows)


def _failures(results: Results) -> list[Section]:
    rows = tuple(
        (
            arm,
            cause,
            str(len(failed)),
            "; ".join(f"{record.task}: {_first_reason(record)}" for record in failed[:EXAMPLES]),
        )
        for arm in results.arms
        for cause, failed in causes(results.of(arm))
    )
    if not rows:
        return [Section("Failures", "None.")]
    return [Section("Failures by cause", "", ("arm", "cause", "tasks", "for example"), rows)]


def _first_reason(record: Record) -> str:
    reason = record.error or next((str(one["reason"]) for one in record.checks if not one["passed"]), "")
    reason = " ".join((reason or record.stop_reason).split())
    return reason if len(reason) <= 120 else reason[:119] + "…"


def _facts(facts: Mapping[str, Any]) -> Section:
    rows = tuple((name, _fact(value)) for name, value in facts.items())
    return Section("What was evaluated", "", ("fact", "value"), rows)


def _fact(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={item}" for name, item in value.items())  # pyright: ignore[reportUnknownVariableType]
    return "none" if value in (None, "") else str(value)


def _percent(rate: Interval) -> str:
    return f"{rate.value:.0%} ({rate.low:.0%} to {rate.high:.0%})"


def _ratio(ratio: Interval | None) -> str:
    return "–" if ratio is None else f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"


def mission_rows(results: Results) -> tuple[tuple[str, ...], ...]:
    """The mission's table: for each arm, seconds and accuracy of direct, single-tool and multi-step queries."""
    names = {"direct": "direct", "single": "single tool", "read": "multi-step", "edit": "multi-step", ALL: ""}
    rows: list[tuple[str, ...]] = []
    for arm in results.arms:
        for name in dict.fromkeys(names.values()):
            found = [record for record in results.of(arm) if name and names[record.category] == name]
            if found:
                seconds = sum(record.seconds for record in found) / len(found)
                rows.append((arm, name, f"{sum(one.passed for one in found)}/{len(found)}", f"{seconds:.1f}"))
    return tuple(rows)


def as_markdown(title: str, sections: Sequence[Section]) -> str:
    """The tables; plots are in the HTML page."""
    parts = [f"# {title}"]
    for section in sections:
        if section.plot:
            continue
        parts.append(f"## {section.title}")
        if section.text:
            parts.append(section.text)
        if section.rows:
            lines = [section.header, tuple("---" for _ in section.header), *section.rows]
            parts.append("\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines))
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def as_html(title: str, sections: Sequence[Section]) -> str:
    """One page, with everything in it."""
    body = [f"<h1>{escape(title)}</h1>"]
    for section in sections:
        body.append(f"<h2>{escape(section.title)}</h2>")
        if section.text:
            body.append(f"<p>{escape(section.text)}</p>")
        if section.rows:
            head = "".join(f"<th>{escape(name)}</th>" for name in section.header)
            lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in section.rows]
            body.append(f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>")
        if section.plot:
            body.append(section.plot)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )
