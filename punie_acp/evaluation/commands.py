"""The commands of `punie-acp eval`."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from punie_acp.evaluation.results import Results
    from punie_acp.evaluation.setup import Choice

WIDE = 200  # characters, where the output goes to a file or a program


class Split(StrEnum):
    """Which projects of a suite: `test` is for the last measurement only."""

    DEV = "dev"
    TEST = "test"
    ALL = "all"


eval_app = typer.Typer(help="Measure what the agent can do and how long it takes. Alone: run a suite.")

ResultsOption = Annotated[Path | None, typer.Option(help="A file of results; nothing: the one written last.")]


@eval_app.callback(invoke_without_command=True)
def evaluate(  # noqa: PLR0913, PLR0917 - one an option
    context: typer.Context,
    suite: Annotated[str, typer.Option(help="The suite of tasks.")] = "mission",
    split: Annotated[Split, typer.Option(help="Of the suite's projects.")] = Split.DEV,
    arms: Annotated[
        str, typer.Option(metavar="A,B", help="How the model writes programs: code, code-fence, …")
    ] = "code",
    model: Annotated[str, typer.Option("--model", "-m", help="A model's name; see `punie-acp models`.")] = "auto",
    tasks: Annotated[str, typer.Option(metavar="A,B", help="Only tasks of these ids; * stands for anything.")] = "",
    categories: Annotated[
        str, typer.Option(metavar="A,B", help="Only tasks of these kinds: direct, single, read, edit.")
    ] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="A sample of so many tasks, of each category alike.")] = None,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
    seconds: Annotated[float, typer.Option(min=1, help="Until a task is ended.")] = 300.0,
    jobs: Annotated[int, typer.Option(min=1, help="Tasks at once, where memory allows. Times then mean less.")] = 1,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of the agent.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The results, JSON Lines. What is there already is continued.")
    ] = None,
    checkout: Annotated[Path | None, typer.Option(help="Where a suite is that this package does not hold.")] = None,
) -> None:
    """Run a suite's tasks with the agent, each on a fresh copy of its project, and report. Can be interrupted."""
    if context.invoked_subcommand is not None:
        return
    from punie_acp.evaluation.arms import chosen_arms
    from punie_acp.evaluation.setup import Choice

    choice = Choice(
        suite=suite,
        split=split.value,
        arms=chosen_arms(_words(arms)),
        model=model,
        categories=_words(categories),
        patterns=_words(tasks),
        limit=limit,
        seed=seed,
        seconds=seconds,
        jobs=jobs,
        settings=_pairs(set_ or []),
        out=out,
        checkout=checkout,
    )
    results, file = _run(choice)
    _report(results, file)


@eval_app.command()
def pipeline(
    model: Annotated[str, typer.Option("--model", "-m", help="A model's name; see `punie-acp models`.")] = "auto",
) -> None:
    """Ten queries end to end in a minute or two: five single-tool or direct ones, five of several steps.

    Exit status 1 unless all of the first and four of the second are answered rightly.
    """
    results = _mission(model)
    short = [record for record in results.records if record.category in ("direct", "single")]
    long = [record for record in results.records if record.category in ("read", "edit")]
    reached = all(one.passed for one in short) and sum(not one.passed for one in long) <= 1
    raise typer.Exit(int(not reached))


@eval_app.command("model")
def one_model(name: Annotated[str, typer.Argument(help="A model's name; see `punie-acp models`.")]) -> None:
    """The same ten queries with one model, with its answers."""
    from punie_acp.evaluation.showing import replayed

    console = _console()
    for record in _mission(name, quiet=True).records:
        for piece in replayed(record):
            console.print(piece, soft_wrap=not console.is_terminal)
        console.print()


@eval_app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A file of results.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
) -> None:
    """Two evaluations against each other, on the tasks that both have."""
    from punie_acp.evaluation.report import as_markdown, comparison
    from punie_acp.evaluation.results import read_results

    sections = comparison(read_results(first), read_results(second))
    _print_markdown(as_markdown(f"{first.stem} (A) against {second.stem} (B)", sections))


@eval_app.command()
def show(
    task: Annotated[str, typer.Argument(help="A task's id, or a part of it.")],
    results: ResultsOption = None,
    arm: Annotated[str, typer.Option(help="Only this arm.")] = "",
) -> None:
    """Replay what happened in a task."""
    from punie_acp.evaluation.errors import EvaluationError
    from punie_acp.evaluation.results import read_results
    from punie_acp.evaluation.showing import replayed

    file = results or _newest()
    records = read_results(file).records
    found = [one for one in records if task in one.task and arm in ("", one.arm)]
    found = [one for one in found if one.task == task] or found
    if not found:
        raise EvaluationError(f"{file} has no task {task!r}" + (f" in the arm {arm!r}" if arm else ""))
    console = _console()
    for record in found:
        for piece in replayed(record):
            console.print(piece, soft_wrap=not console.is_terminal)


@eval_app.command()
def report(results: ResultsOption = None) -> None:
    """Write the report of results anew, also of those that are not complete."""
    from punie_acp.evaluation.results import read_results

    file = results or _newest()
    _report(read_results(file), file)


def _run(choice: Choice, *, kept: bool = True) -> tuple[Results, Path]:
    """Run what is left of `choice`. Who interrupts it is told how to go on, where the file is `kept`."""
    import anyio

    from punie_acp.evaluation.progress import shown_progress
    from punie_acp.evaluation.results import ResultsFile
    from punie_acp.evaluation.runner import run
    from punie_acp.evaluation.setup import prepare

    prepared = prepare(choice)
    file = ResultsFile(prepared.out, prepared.facts)
    wanted = {(arm.name, task.id) for arm in prepared.evaluation.arms for task in prepared.evaluation.tasks}
    left = len(wanted - {record.key for record in file.records})
    if left < len(wanted):
        typer.echo(f"{len(wanted) - left} of {len(wanted)} are done already; going on with {file.file}", err=True)
    try:
        with shown_progress(_console(stderr=True), left) as watch:
            anyio.run(run, prepared.evaluation, file, watch)
    except KeyboardInterrupt:
        if kept:
            done = len(wanted & {record.key for record in file.records})
            typer.echo(f"{done} of {len(wanted)} are done; the same command goes on with {file.file}", err=True)
        raise
    return file.results, file.file


def _mission(model: str, *, quiet: bool = False) -> Results:
    """Run the mission's queries once more, and print its table."""
    import tempfile
    from pathlib import Path as RealPath

    from punie_acp.evaluation.arms import chosen_arms
    from punie_acp.evaluation.report import mission_rows
    from punie_acp.evaluation.setup import Choice

    with tempfile.TemporaryDirectory(prefix="punie-eval-") as folder:
        out = RealPath(folder) / "mission.jsonl"
        results, _ = _run(
            Choice(suite="mission", split="all", arms=chosen_arms(["code"]), model=model, out=out), kept=False
        )
    if not quiet:
        console = _console()
        console.print(f"{results.facts['model']} on {results.facts['machine']['processor']}", markup=False)
        for _, kind, passed, seconds in mission_rows(results):
            console.print(f"  {kind:<12} {passed} right, {seconds} s each", markup=False)
    return results


def _report(results: Results, file: Path) -> None:
    from punie_acp.evaluation.report import write_report
    from punie_acp.evaluation.summary import TITLES, figures

    for one in figures(results):
        typer.echo(f"{one.arm:<12} {TITLES[one.category]:<16} {one.passed}/{one.tasks}  {one.median_seconds:.1f} s")
    markdown, page = write_report(results, file)
    typer.echo(f"Results: {file}\nReport:  {page}, {markdown}")


def _print_markdown(text: str) -> None:
    if not sys.stdout.isatty():
        typer.echo(text, nl=False)
        return
    from rich.markdown import Markdown

    _console().print(Markdown(text))


def _newest() -> Path:
    from punie_acp.evaluation.errors import EvaluationError
    from punie_acp.evaluation.results import newest
    from punie_acp.evaluation.setup import results_folder
    from punie_acp.settings import load_settings

    folder = results_folder(load_settings())
    found = newest(folder.glob("*.jsonl"))
    if found is None:
        raise EvaluationError(f"there are no results in {folder}; type: punie-acp eval")
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", text) if word)


def _pairs(given: Sequence[str]) -> dict[str, str]:
    wrong = [item for item in given if "=" not in item]
    if wrong:
        raise typer.BadParameter(f"--set takes NAME=VALUE, not {wrong[0]!r}")
    return {name: value for name, _, value in (item.partition("=") for item in given)}


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(highlight=False, stderr=stderr, width=None if terminal else WIDE)
