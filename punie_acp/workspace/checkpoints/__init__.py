"""Checkpoints: what each turn did to the project's files, so that it can be shown and undone.

They are kept outside of the project and know nothing of git. `recording.py` (above) is the workspace that feeds them.
"""

from punie_acp.workspace.checkpoints.database import CheckpointError
from punie_acp.workspace.checkpoints.recorder import Checkpoints
from punie_acp.workspace.checkpoints.snapshot import Limits
from punie_acp.workspace.checkpoints.undoing import NothingToUndoError, undo
from punie_acp.workspace.checkpoints.values import Checkpoint, Conflict, Entry, FileChange, UndoReport

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "Checkpoints",
    "Conflict",
    "Entry",
    "FileChange",
    "Limits",
    "NothingToUndoError",
    "UndoReport",
    "undo",
]
