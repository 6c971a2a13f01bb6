"""What the store keeps of programs that run, so that another process can go on with them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from punie_acp.server.store.base import SnapshotRecord, StoreError

if TYPE_CHECKING:
    from punie_acp.codemode.surviving.kept import KeptCall, KeptProgram
    from punie_acp.server.store.base import Store

PROGRAM = "program"
"""The fact by which the row of a program is told from those of its calls."""


class StoreKeeper:
    """A `codemode.surviving.kept.Keeper` for the programs of one turn."""

    seconds_between = 0.02

    def __init__(self, store: Store, session_id: str, turn: int) -> None:
        self._store = store
        self._session_id = session_id
        self._turn = turn
        self._ended: list[str] = []

    def keep(
        self, program_id: str, call: KeptCall, dump: bytes | None = None, program: KeptProgram | None = None
    ) -> None:
        """As `Keeper` says. Raises `StoreError`."""
        row = (self._session_id, self._turn, program_id)
        if program is not None:
            facts = {PROGRAM: program.to_json()}
            self._store.save_snapshot(SnapshotRecord(*row, f"{program_id}#", "requested", facts, None))
        if dump is not None:  # of one pause at a time, so in one row, which has the call as well
            self._store.save_snapshot(SnapshotRecord(*row, f"{program_id}#paused", call.state, call.to_json(), dump))
        if dump is None or call.printed or call.is_deferred:
            key = f"{program_id}#{call.index}"
            self._store.save_snapshot(SnapshotRecord(*row, key, call.state, call.to_json(), None))

    def forget(self, program_id: str) -> None:
        """As `Keeper` says."""
        self._store.drop_snapshots(self._session_id, program_id)

    def end(self, program_id: str) -> None:
        """The program has ended. It is kept until the conversation has its result."""
        self._ended.append(program_id)

    def close(self) -> None:
        """The turn has ended here, however it did: nobody goes on with a program of it."""
        with suppress(StoreError):  # then it is found out when the session is opened again
            self._store.drop_snapshots(self._session_id)

    def drop_ended(self) -> None:
        """The conversation has the results of the programs that have ended."""
        for program_id in self._ended:
            self.forget(program_id)
        self._ended.clear()
