"""Notices a command that starts processes without end, before the machine stands still."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
import psutil

if TYPE_CHECKING:
    from punie_acp.workspace.strays import Mark

LOOK_SECONDS = 0.25


async def wait_for_crowd(session: int, processes: int, mark: Mark) -> None:
    """Return when a command has more than `processes`: in its session, a zombie counting too, or outside of it."""
    while True:
        await anyio.sleep(LOOK_SECONDS)
        if members(session) + len(mark.bearers(session)) > processes:
            return


def members(session: int) -> int:
    """How many processes there are in a session. A millisecond or two with hundreds on the machine."""
    return sum(_session_of(process) == session for process in psutil.pids())


def _session_of(process: int) -> int:
    try:
        return os.getsid(process)
    except (ProcessLookupError, PermissionError):  # it has ended meanwhile; on macOS, it is another user's
        return -1
