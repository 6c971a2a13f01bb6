"""`/undo` and `/diff`, and what else the server does about what is kept beside the store: checkpoints, long outputs.

`UNDO_COMMANDS` are the entries for the table of slash commands. A session's workspace is made by `recorded`; a turn
calls `begin_turn` before its first program and shows what `notices` says; a session that is deleted is forgotten by
`forget`.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from punie_acp.workspace.checkpoints import CheckpointError, Checkpoints, NothingToUndoError
from punie_acp.workspace.outputs import Outputs
from punie_acp.workspace.recording import RecordingWorkspace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from punie_acp.server.session import Session
    from punie_acp.server.store.base import SessionRecord
    from punie_acp.settings import Settings
    from punie_acp.workspace.base import Workspace
    from punie_acp.workspace.checkpoints import FileChange, UndoReport
    from punie_acp.workspace.states import Inner

SHOWN_CHARACTERS = 60_000
"""Of the diffs of one turn; of what is over, the names are shown."""

TOLD_FILES = 20
"""Of an undo, to the model."""

_TURN = re.compile(r"(?:turn\s+)?(t|u)?(\d+)", re.IGNORECASE)


def recorded(workspace: Inner, record: SessionRecord, settings: Settings) -> RecordingWorkspace:
    """The session's workspace with checkpoints around it."""
    more = [Path(folder) for folder in record.additional_directories]
    checkpoints = Checkpoints(workspace.root, _folder(settings), session=record.session_id, additional=more)
    return RecordingWorkspace(workspace, checkpoints)


def begin_turn(workspace: Workspace, turn_id: str) -> None:
    """What programs change from now on belongs to this turn."""
    if isinstance(workspace, RecordingWorkspace):
        workspace.checkpoints.begin(turn_id)


def notices(workspace: Workspace) -> list[str]:
    """What the user should know of changes that cannot be undone: each sentence once in a session."""
    return workspace.take_notices() if isinstance(workspace, RecordingWorkspace) else []


def close(workspace: Workspace) -> None:
    """The session is closed; its checkpoints stay."""
    if isinstance(workspace, RecordingWorkspace):
        workspace.checkpoints.close()


def kept_outputs(record: SessionRecord, settings: Settings) -> Outputs:
    """Where long outputs of the session's commands and programs are, for its programs to read."""
    return Outputs(settings.data_dir / "outputs" / record.session_id)


def review_folder(record: SessionRecord, settings: Settings) -> Path:
    """Where commands of a program run whose changes wait to be reviewed: copies of the project, while it runs."""
    return settings.data_dir / "reviews" / record.session_id


def forget(record: SessionRecord, settings: Settings) -> None:
    """Remove the checkpoints and outputs of a session that is deleted. What cannot be removed stays."""
    shutil.rmtree(kept_outputs(record, settings).folder, ignore_errors=True)
    shutil.rmtree(review_folder(record, settings), ignore_errors=True)
    try:
        Checkpoints.forget(Path(record.cwd).resolve(), _folder(settings), record.session_id)
    except CheckpointError:
        return  # a deleted session must not come back because of them


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "checkpoints"


# The commands.


async def _undo(session: Session, argument: str) -> str:
    workspace, turn = _recording(session), _turn(argument)
    if workspace is None:
        return "This session keeps no checkpoints."
    if turn == "":
        return _unknown(argument)
    try:
        report = await workspace.undo(turn)
    except NothingToUndoError as nothing:
        return str(nothing)
    except (CheckpointError, OSError) as error:
        return f"Nothing was undone: {error}"
    if report.restored:
        names = ", ".join(workspace.display(path) for path in report.restored[:TOLD_FILES])
        session.news.append(f"The user undid changes; these files are as they were before: {names}")
    return _undone(report, workspace)


async def _diff(session: Session, argument: str) -> str:
    workspace, turn = _recording(session), _turn(argument)
    if workspace is None:
        return "This session keeps no checkpoints."
    if turn == "":
        return _unknown(argument)
    try:
        return await anyio.to_thread.run_sync(_changes_of, workspace, turn)
    except CheckpointError as error:
        return f"The changes cannot be read: {error}"


UNDO_COMMANDS: tuple[tuple[str, str, Callable[[Session, str], Awaitable[str]], str], ...] = (
    ("undo", "Bring the files back as they were before the last turn, or before another one", _undo, "[turn]"),
    ("diff", "Show what the last turn, or another one, did to files", _diff, "[turn]"),
)
"""Name, description, handler and hint of each: `Command(*entry)`."""


def _recording(session: Session) -> RecordingWorkspace | None:
    return session.workspace if isinstance(session.workspace, RecordingWorkspace) else None


def _turn(argument: str) -> str | None:
    """The turn that an argument names; None for the last one, "" for what names none."""
    if not argument:
        return None
    found = _TURN.fullmatch(argument.strip("` "))
    return f"{(found[1] or 't').lower()}{found[2]}" if found else ""


def _unknown(argument: str) -> str:
    return f"`{argument}` is no turn. `/diff` shows the last one; `/diff 3` or `/undo 3` means the third prompt."


def _undone(report: UndoReport, workspace: RecordingWorkspace) -> str:
    count = len(report.restored)
    said = [f"Turn {report.turn} is undone. As before:" if count else "Nothing was changed."]
    said += [f"- `{workspace.display(path)}`" for path in report.restored]
    if report.conflicts:
        said += ["", "Left as they are:"]
        said += [f"- `{workspace.display(one.path)}` {one.reason}" for one in report.conflicts]
    if count:
        said += ["", f"`/undo {report.undo}` takes this back."]
    return "\n".join(said)


def _changes_of(workspace: RecordingWorkspace, turn: str | None) -> str:
    checkpoints = workspace.checkpoints
    turns = checkpoints.turns()
    if turn is None:
        open_turns = [one.turn for one in turns if one.undo_of is None and one.undone_by is None]
        if not open_turns:
            return "No turn of this session has changed a file."
        turn = open_turns[-1]
    changes = checkpoints.changes(turn)
    others = ", ".join(f"`/diff {one.turn}`" for one in turns if one.turn != turn)
    said = [f"Turn {turn} changed {_files(len(changes))}.", *_diffs(changes, workspace)]
    return "\n".join([*said, *(["", f"Others: {others}"] if others else [])])


def _diffs(changes: Sequence[FileChange], workspace: RecordingWorkspace) -> list[str]:
    shown: list[str] = []
    room = SHOWN_CHARACTERS
    for change in changes:
        room -= len(change.diff)
        if room < 0 and shown:
            shown.append(f"- `{workspace.display(change.path)}` {change.kind}")
        else:
            fence = "```" if "```" not in change.diff else "````````"
            shown.append(f"\n{fence}diff\n{change.diff}\n{fence}")
    return shown


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
