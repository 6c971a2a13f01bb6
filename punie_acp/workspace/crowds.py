"""Notices a command that starts processes without end, before the machine stands still."""

from __future__ import annotations

import os

import anyio
import psutil

LOOK_SECONDS = 0.25


async def wait_for_crowd(session: int, processes: int) -> None:
    """Return when the process session `session` has more than `processes`, a zombie counting too."""
    while True:
        await anyio.sleep(LOOK_SECONDS)
        if members(session) > processes:
            return


def members(session: int) -> int:
    """How many processes there are in a session. A millisecond or two with hundreds on the machine."""
    return sum(_session_of(process) == session for process in psutil.pids())


def _session_of(process: int) -> int:
    try:
        return os.getsid(process)
    except (ProcessLookupError, PermissionError):  # it has ended meanwhile; on macOS, it is another user's
        return -1
