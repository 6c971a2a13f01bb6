"""A workspace whose changes wait: they are seen by what comes after them, and land when they have been accepted."""

from punie_acp.workspace.overlay.changes import FileChange
from punie_acp.workspace.overlay.landing import ConflictError
from punie_acp.workspace.overlay.workspace import OverlayWorkspace

__all__ = ["ConflictError", "FileChange", "OverlayWorkspace"]
