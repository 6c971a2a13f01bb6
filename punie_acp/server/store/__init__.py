"""The session store: what a killed process must not lose. `base` says what it keeps, `sqlite` keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.server.store.base import Store


def open_store(path: Path) -> Store:
    """The store in the file at `path`, which is made or brought up to date if need be.

    Raises `StoreError` for one that is newer than this program, not a store, or not ours to write.
    """
    from punie_acp.server.store.database import Database
    from punie_acp.server.store.liveness import Owner
    from punie_acp.server.store.sqlite import SqliteStore

    database = Database(path)
    if database.backup is not None:
        import structlog

        structlog.get_logger().info("an older store was brought up to date", backup=str(database.backup))
    return SqliteStore(database, Owner(path.with_suffix(".owners")))
