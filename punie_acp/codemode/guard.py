"""Who ends the workers that an agent leaves behind when it is killed. One in a long operation would not notice.

A shell waits at a pipe. When the agent has ended, however it did, the pipe is closed, and the shell kills the workers
that it was told of last.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress

_SCRIPT = 'workers=; while read -r line; do workers=$line; done; [ -z "$workers" ] || kill -9 $workers'
_SECONDS = 5.0


class Guard:
    """Watches workers as long as it is open."""

    def __init__(self) -> None:
        self._workers: set[int] = set()
        self._shell: subprocess.Popen[bytes] | None = None

    def watch(self, worker: int | None) -> None:
        """This process is to end with us."""
        if worker is not None and worker not in self._workers:
            self._workers.add(worker)
            self._tell()

    def forget(self, worker: int | None) -> None:
        """It has ended: its number may be another process's by now."""
        if worker in self._workers:
            self._workers.discard(worker)
            self._tell()

    def close(self) -> None:
        """Leave them alone: they are ended in another way."""
        if self._shell is not None:
            self._workers.clear()
            self._tell()
            shell, self._shell = self._shell, None
            with suppress(OSError, subprocess.TimeoutExpired):
                shell.communicate(timeout=_SECONDS)

    def _tell(self) -> None:
        """Tell the shell, which begins with the first worker. Without a shell nobody watches, and all else works."""
        with suppress(OSError):
            if self._shell is None:
                self._shell = subprocess.Popen(
                    ["/bin/sh", "-c", _SCRIPT],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # a signal to the agent's process group is not for the guard
                )
            assert self._shell.stdin is not None
            self._shell.stdin.write((" ".join(map(str, sorted(self._workers))) + "\n").encode())
            self._shell.stdin.flush()
