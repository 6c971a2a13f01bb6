"""From what was asked on the command line to an evaluation that can be run, and the facts that it stands under."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.facts import machine, model_facts, settings_facts, version_facts
from punie_acp.evaluation.runner import Evaluation
from punie_acp.evaluation.selection import select
from punie_acp.evaluation.suite import open_suite
from punie_acp.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from punie_acp.evaluation.arms import Arm
    from punie_acp.evaluation.suite import Suite
    from punie_acp.evaluation.tasks import Task

KEPT = {"model", "mode", "max_turn_seconds", "config_dir", "data_dir", "log_dir"}
"""Settings that are an evaluation's own affair."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked."""

    suite: str
    arms: Sequence[Arm]
    split: str = "all"
    model: str = "auto"
    categories: Sequence[str] = ()  # none: all
    patterns: Sequence[str] = ()
    limit: int | None = None
    seed: int = 0
    seconds: float = 300.0  # a task
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    out: Path | None = None
    checkout: Path | None = None  # of a suite that others made
    jobs: int = 1  # tasks at once


@dataclass(frozen=True, slots=True)
class Prepared:
    """What can be run, its facts, and the file for its results."""

    evaluation: Evaluation
    facts: dict[str, Any]
    out: Path


def prepare(choice: Choice) -> Prepared:
    """Look everything up. Raises `EvaluationError`, `SettingsError`, `WeightsError`."""
    user = load_settings()
    suite = open_suite(choice.suite, choice.checkout)
    model = model_facts(choice.model, user.models_dir)
    settings = _agent_settings(choice, suite)
    evaluation = Evaluation(
        arms=choice.arms,
        suite=suite,
        tasks=_chosen(choice, suite.tasks),
        model=model.name,
        models=user.models_dir,
        settings=settings,
        jobs=choice.jobs,
    )
    facts = {
        "suite": choice.suite,
        "tasks": suite.fingerprint,
        **model.as_facts(),
        **version_facts(),
        "machine": machine(),
        "jobs": choice.jobs,
        "settings": settings_facts(settings),
    }
    return Prepared(evaluation, facts, choice.out or _default_file(choice, user, model.as_facts()["model"]))


def _chosen(choice: Choice, tasks: Sequence[Task]) -> tuple[Task, ...]:
    return select(
        tasks,
        split=choice.split,
        categories=choice.categories,
        patterns=choice.patterns,
        limit=choice.limit,
        seed=choice.seed,
    )


def results_folder(settings: Settings) -> Path:
    """Where results are kept unless another file is named."""
    return settings.data_dir / "evaluation"


def _agent_settings(choice: Choice, suite: Suite) -> Settings:
    """The product's defaults, the suite's, and what was set by name: not the user's own, which others do not have."""
    taken = [name for name in choice.settings if name in KEPT]
    unknown = [name for name in choice.settings if name not in settings_facts(Settings())]
    if taken or unknown:
        raise EvaluationError(f"--set cannot set {(taken or unknown)[0]!r}")
    settings = Settings().with_changes(suite.settings, choice.suite).with_changes(choice.settings, "--set")
    return settings.with_changes({"max_turn_seconds": str(choice.seconds)}, "--seconds")


def _default_file(choice: Choice, user: Settings, model: str) -> Path:
    name = re.sub(r"[^\w.-]+", "-", f"{choice.suite}-{choice.split}-{model}")
    return results_folder(user) / f"{name}.jsonl"
