"""Runs tasks with the product, one agent process an arm: a session for each task, on a fresh copy of its project."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import anyio
import anyio.to_thread
from anyio import TASK_STATUS_IGNORED

from punie_acp.evaluation.causes import cause_of
from punie_acp.evaluation.checks import command_environment
from punie_acp.evaluation.client import connected
from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.results import Record
from punie_acp.evaluation.transcript import compact, read_transcript
from punie_acp.protocol.errors import RpcError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from anyio.abc import TaskStatus

    from punie_acp.evaluation.arms import Arm
    from punie_acp.evaluation.client import Client, Told
    from punie_acp.evaluation.results import ResultsFile
    from punie_acp.evaluation.suite import PreparedTask, Suite
    from punie_acp.evaluation.tasks import CheckResult, Task
    from punie_acp.settings import Settings

GRACE_SECONDS = 60.0  # after the agent should have ended a turn by itself
CLOSE_SECONDS = 20.0
WARMING = "Say hello."
SUMMED = frozenset(
    {
        "modelRequests",
        "programs",
        "externalCalls",
        "outputTokens",
        "inputTokens",
        "cachedTokens",
        "prefillSeconds",
        "decodeSeconds",
    }
)
"""Of `punie.dev/usage`, which tells of one prompt, what adds up over several."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is run. `settings` are the agent's; those of an arm come on top. Its turns may take `max_turn_seconds`."""

    arms: Sequence[Arm]
    suite: Suite
    tasks: Sequence[Task]
    model: str  # as the agent is to be told: an installed model's name, a folder, "import:…"
    models: Path  # the folder of installed models
    settings: Settings
    jobs: int = 1  # tasks at once, each with an agent of its own

    @property
    def warms(self) -> bool:
        """Whether the model runs in the agent, which then reads its instructions before the first task."""
        return ":" not in self.model


class Watch(Protocol):
    """Who is told how far it has come."""

    def begin(self, arm: str, task: str) -> None:
        """A task begins."""
        ...

    def end(self, record: Record) -> None:
        """A task has ended."""
        ...

    def fewer(self, jobs: int, reason: str) -> None:
        """Only `jobs` run at once, for this reason."""
        ...

    def left_out(self, arm: str, reason: str) -> None:
        """An arm cannot be run here, for this reason."""
        ...


async def run(evaluation: Evaluation, file: ResultsFile, watch: Watch) -> None:
    """Run what `file` does not have yet, and write it there. Raises `EvaluationError` where no task can be run."""
    done = {record.key for record in file.records}
    with tempfile.TemporaryDirectory(prefix="punie-eval-", ignore_cleanup_errors=True) as folder:
        for arm in evaluation.arms:
            left = [task for task in evaluation.tasks if (arm.name, task.id) not in done]
            if left and await _is_ready(arm, file, watch):
                await _run_arm(left, evaluation, arm, Path(folder), file, watch)


async def _is_ready(arm: Arm, file: ResultsFile, watch: Watch) -> bool:
    """Whether the arm can be run here; the report says what it is, or why it was left out."""
    try:
        said = await anyio.to_thread.run_sync(arm.make_ready)
    except EvaluationError as error:
        watch.left_out(arm.name, str(error))
        file.note(arm.name, f"left out: {error}")
        return False
    if said:
        file.note(arm.name, said)
    return True


async def _run_arm(
    tasks: list[Task], evaluation: Evaluation, arm: Arm, folder: Path, file: ResultsFile, watch: Watch
) -> None:
    """All `tasks`, with as many agents as there are to be. The next one starts when the model of the last is loaded.

    So the next one sees how much memory is left. Where its model does not fit, those that run do all.
    """
    async with anyio.create_task_group() as group:
        for number in range(min(evaluation.jobs, len(tasks))):
            worker = _Worker(evaluation, arm, folder / f"agent-{arm.name}-{number}", file, watch)
            try:
                await group.start(worker.run, tasks)
            except Exception as error:
                if number == 0:
                    raise
                watch.fewer(number, str(_first(error)))
                return


def _first(error: BaseException) -> BaseException:
    """The first error inside the groups that task groups make."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error


def agent_environment(evaluation: Evaluation, arm: Arm, home: Path) -> dict[str, str]:
    """The variables of an agent that keeps all it writes in `home` and uses the user's models where they are."""
    own = {"config_dir": home / "config", "data_dir": home / "data", "log_dir": home / "log"}
    settings = replace(evaluation.settings, model=evaluation.model, mode="auto", **own)
    settings = settings.with_changes(arm.settings, f"the arm {arm.name}")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if not settings.models_dir.is_symlink():
        settings.models_dir.symlink_to(evaluation.models.resolve(), target_is_directory=True)
    return command_environment() | _threads(evaluation.jobs) | settings.as_environment()


def _threads(jobs: int) -> dict[str, str]:
    """Agents side by side share the cores: threads that wait for each other's would wait longer than they compute."""
    return {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // jobs))} if jobs > 1 else {}


@dataclass(slots=True)
class _Worker:
    """Takes one task after another, with an agent that keeps what it writes in `home`."""

    evaluation: Evaluation
    arm: Arm
    home: Path
    file: ResultsFile
    watch: Watch

    async def run(self, tasks: list[Task], *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """One agent for all that it takes from `tasks`, and another one whenever it is gone."""
        environment = agent_environment(self.evaluation, self.arm, self.home)
        first = True
        while tasks or first:
            async with connected(environment, self.home / "stderr.txt", self.arm.module) as client:
                await self._warm(client)
                if first:
                    task_status.started()
                    first = False
                while tasks and not client.ended:
                    task = tasks.pop(0)
                    self.watch.begin(self.arm.name, task.id)
                    record = await self._record(client, task)
                    self.file.add(record)
                    self.watch.end(record)

    async def _warm(self, client: Client) -> None:
        """Load the model, so that no task pays for it. Raises `EvaluationError` where it cannot be had."""
        empty = self.home / "empty"
        empty.mkdir(exist_ok=True)
        try:
            session = await client.open_session(empty)
            await client.load_model(session, self.evaluation.model)
            if self.evaluation.warms:
                await client.prompt(session, WARMING)
            await client.close_session(session)
        except RpcError as error:
            raise EvaluationError(f"the model {self.evaluation.model} does not run: {error.message}") from error

    async def _record(self, client: Client, task: Task) -> Record:
        async with _prepared(self.evaluation.suite, task, self.home) as prepared:
            turn = await _take_turns(client, prepared, task.prompt, self.evaluation.settings.max_turn_seconds)
            judged = await anyio.to_thread.run_sync(_judge, prepared, turn)
        return _record(self.arm.name, task, turn, judged)


@asynccontextmanager
async def _prepared(suite: Suite, task: Task, folder: Path) -> AsyncGenerator[PreparedTask]:
    """A task made ready in a folder of its own, which is deleted at the end."""
    holder = Path(tempfile.mkdtemp(prefix="task-", dir=folder))
    try:
        ready = suite.prepare(task, holder)
        prepared = await anyio.to_thread.run_sync(ready.__enter__)
        try:
            yield prepared
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(ready.__exit__, None, None, None)
    finally:
        shutil.rmtree(holder, ignore_errors=True)


@dataclass(slots=True)
class _Turn:
    """What came of a task's prompts, one in most suites."""

    began: str
    seconds: float = 0.0
    results: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    error: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def stop_reason(self) -> str:
        """Of the last prompt; "" where the agent gave no answer to it."""
        return "" if self.error or not self.results else str(self.results[-1].get("stopReason", ""))

    @property
    def usage(self) -> dict[str, Any]:
        """The sums over the prompts; the time to the first token is that of the first."""
        every: list[dict[str, Any]] = [
            (result.get("_meta") or {}).get("punie.dev/usage") or {} for result in self.results
        ]
        total = dict(every[0]) if every else {}
        for usage in every[1:]:
            for name in SUMMED.intersection(usage):
                total[name] = total.get(name, 0) + usage[name]
        return total


async def _take_turns(client: Client, prepared: PreparedTask, prompt: str, limit: float) -> _Turn:
    """Prompt a new session until the suite asks no more. An agent that does not answer a prompt in time is killed."""
    turn = _Turn(datetime.now(UTC).isoformat(timespec="milliseconds"))
    began, session = time.monotonic(), ""
    try:
        with anyio.fail_after(limit + GRACE_SECONDS):
            session = await client.open_session(prepared.cwd, prepared.mcp_servers)
        began, asked = time.monotonic(), prompt
        while asked:
            with anyio.fail_after(limit + GRACE_SECONDS):
                turn.results.append(await client.prompt(session, asked))
            turn.updates += compact(_after(began, client.take_updates(session)))
            asked = await anyio.to_thread.run_sync(_next_prompt, prepared, turn)
            if asked:
                turn.updates.append({"at": round(time.monotonic() - began, 4), "update": _user_said(asked)})
    except RpcError as error:
        turn.error = error.message
    except TimeoutError:
        turn.error = f"no answer within {limit + GRACE_SECONDS:g} s"
        client.kill()
    turn.seconds = time.monotonic() - began
    turn.updates += compact(_after(began, client.take_updates(session)))
    await _leave(client, session)
    return turn


def _next_prompt(prepared: PreparedTask, turn: _Turn) -> str:
    answer = read_transcript(turn.updates).answer
    return prepared.follow_up(answer, int(turn.usage.get("modelRequests", 0))) or ""


def _user_said(text: str) -> dict[str, Any]:
    return {"sessionUpdate": "user_message_chunk", "content": {"type": "text", "text": text}}


def _after(began: float, told: Sequence[Told]) -> list[tuple[float, dict[str, Any]]]:
    return [(max(0.0, one.at - began), one.update) for one in told]


async def _leave(client: Client, session: str) -> None:
    """Close the session. One that cannot be closed tells of an agent that is no more use."""
    try:
        with anyio.fail_after(CLOSE_SECONDS):
            await client.close_session(session)
    except (RpcError, TimeoutError):
        client.kill()
        await client.process.wait()


@dataclass(frozen=True, slots=True)
class _Judged:
    checks: tuple[CheckResult, ...]
    output_would_do: bool


def _judge(prepared: PreparedTask, turn: _Turn) -> _Judged:
    """What the checks say of the answer, and what they would say of all that the model was shown."""
    transcript = read_transcript(turn.updates)
    checks = prepared.check(transcript.answer)
    if all(check.passed for check in checks):
        return _Judged(checks, output_would_do=True)
    again = prepared.check(transcript.output)
    return _Judged(checks, output_would_do=all(check.passed for check in again))


def _record(arm: str, task: Task, turn: _Turn, judged: _Judged) -> Record:
    transcript, usage = read_transcript(turn.updates), turn.usage
    stop_reason = turn.stop_reason
    passed = stop_reason == "end_turn" and all(check.passed for check in judged.checks)
    model_seconds = float(usage.get("prefillSeconds", 0.0)) + float(usage.get("decodeSeconds", 0.0))
    cause = "" if passed else cause_of(
        transcript, stop_reason=stop_reason, category=task.category, output_would_do=judged.output_would_do
    )  # fmt: skip
    return Record(
        arm=arm,
        task=task.id,
        category=task.category,
        project=task.project,
        prompt=task.prompt,
        passed=passed,
        cause=cause,
        checks=[{"kind": one.check.kind, "passed": one.passed, "reason": one.reason} for one in judged.checks],
        answer=transcript.answer,
        stop_reason=stop_reason,
        error=turn.error,
        turns=int(usage.get("modelRequests", 0)),
        programs=int(usage.get("programs", len(transcript.programs))),
        external_calls=int(usage.get("externalCalls", len(transcript.calls))),
        decoded=int(usage.get("outputTokens", 0)),
        prefilled=int(usage.get("inputTokens", 0)) - int(usage.get("cachedTokens", 0)),
        cached=int(usage.get("cachedTokens", 0)),
        model_seconds=round(model_seconds, 3),
        tool_seconds=round(transcript.tool_seconds, 3),
        waiting_seconds=round(max(0.0, turn.seconds - model_seconds - transcript.tool_seconds), 3),
        seconds=round(turn.seconds, 3),
        first_token_seconds=usage.get("firstTokenSeconds"),
        began=turn.began,
        updates=turn.updates,
        prompts=max(1, len(turn.results)),
    )
