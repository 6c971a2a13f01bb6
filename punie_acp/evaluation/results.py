"""The results of an evaluation: a JSON Lines file, a line of facts first, then one line for each task of each arm.

A line is whole or not there: a run that was killed loses at most the task that was running, and goes on after the last
whole line, if the facts are still the same.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

from punie_acp.evaluation.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FORMAT = 1
AT_ONCE = "answer 1"
"""The reason of a check that held at the first answer, in suites that let the agent try again."""


@dataclass(frozen=True, slots=True)
class Record:
    """One task in one arm. Times are seconds, by the client's clock unless said otherwise."""

    arm: str
    task: str
    category: str
    project: str
    prompt: str
    passed: bool
    cause: str  # of a failure, one of `causes.CAUSES`; "" where it passed
    checks: list[dict[str, Any]]  # kind, passed, reason
    answer: str
    stop_reason: str  # "" where the turn had no end
    error: str  # why there was no end
    turns: int  # requests of the model
    programs: int
    external_calls: int
    decoded: int  # tokens
    prefilled: int  # tokens that the KV cache did not hold
    cached: int  # tokens that it held
    model_seconds: float  # prefill and decode, by the engine's clock
    tool_seconds: float  # programs and external calls
    waiting_seconds: float  # all the rest
    seconds: float  # from the prompt to its answer
    first_token_seconds: float | None
    began: str  # ISO 8601
    updates: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])  # {"at": seconds, "update": …}
    prompts: int = 1  # more where a suite tells the agent that it was wrong, and has it try again

    @property
    def key(self) -> tuple[str, str]:
        """What there is one record of."""
        return self.arm, self.task

    @property
    def right_at_once(self) -> bool:
        """Of a suite that lets the agent try again: whether the first answer was right."""
        return self.passed and any(check["reason"] == AT_ONCE for check in self.checks)


@dataclass(frozen=True, slots=True)
class Results:
    """The contents of a file."""

    facts: dict[str, Any]
    records: tuple[Record, ...]
    notes: Mapping[str, str] = field(default_factory=dict[str, str])  # on arms: what they are, why they are left out

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, in the order in which they were run."""
        return tuple(dict.fromkeys(record.arm for record in self.records))

    def of(self, arm: str, category: str = "") -> list[Record]:
        """The records of an arm, of one category or of all."""
        return [one for one in self.records if one.arm == arm and category in ("", one.category)]


def read_results(file: Path) -> Results:
    """What is in `file`; a last line that is not whole is left out. Raises `EvaluationError`."""
    try:
        whole, _, _ = file.read_bytes().rpartition(b"\n")
        lines = [cast("dict[str, Any]", json.loads(line)) for line in whole.splitlines() if line.strip()]
        facts = lines[0]["facts"]
        records = tuple(Record(**line) for line in lines[1:] if "note" not in line)
        notes = {str(line["arm"]): str(line["note"]) for line in lines[1:] if "note" in line}
    except OSError as error:
        raise EvaluationError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, LookupError, TypeError) as error:
        raise EvaluationError(f"{file} does not hold the results of an evaluation") from error
    if facts.get("format") != FORMAT:
        raise EvaluationError(f"{file} was written by another version of punie-acp")
    return Results(facts, records, notes)


class ResultsFile:
    """Results that are being written."""

    def __init__(self, file: Path, facts: Mapping[str, Any]) -> None:
        """Begin `file`, or go on with it. Raises `EvaluationError` where it was begun with other facts."""
        self.file = file
        self._facts = {"format": FORMAT, **facts}
        self.records: list[Record] = []
        self.notes: dict[str, str] = {}
        if file.exists() and file.stat().st_size:
            self._go_on()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._append({"facts": self._facts})

    @property
    def results(self) -> Results:
        """All so far."""
        return Results(dict(self._facts), tuple(self.records), dict(self.notes))

    def add(self, record: Record) -> None:
        """Write a record; it is on the disk when this returns."""
        self.records.append(record)
        self._append(asdict(record))

    def note(self, arm: str, text: str) -> None:
        """Write what is to be said of an arm, in place of what was said before."""
        if self.notes.get(arm) != text:
            self.notes[arm] = text
            self._append({"arm": arm, "note": text})

    def _go_on(self) -> None:
        before = read_results(self.file)
        other = differences(before.facts, json.loads(json.dumps(self._facts)))
        if other:
            raise EvaluationError(
                f"{self.file} was begun with other facts ({'; '.join(other)}), so its results cannot be continued; "
                "name another file with --out"
            )
        self.records = list(before.records)
        self.notes = dict(before.notes)
        self._cut_half_a_line()

    def _cut_half_a_line(self) -> None:
        data = self.file.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            with self.file.open("r+b") as opened:
                opened.truncate(whole)

    def _append(self, value: Mapping[str, Any]) -> None:
        with self.file.open("ab") as opened:
            opened.write(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            opened.flush()
            os.fsync(opened.fileno())


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Where two lines of facts differ, in words."""
    return [
        f"{name}: {_short(before.get(name))}, now {_short(now.get(name))}"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"


def newest(files: Iterable[Path]) -> Path | None:
    """The file that was written last."""
    return max(files, key=lambda file: file.stat().st_mtime, default=None)
