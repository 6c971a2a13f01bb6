"""The commands of `punie-acp sessions`."""

from __future__ import annotations

import json as jsonlib
import sys
from contextlib import contextmanager
from enum import StrEnum
from itertools import islice
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.console import Console

    from punie_acp.server.store.base import Store

NOTHING_KEPT = "There are no sessions yet. They are kept from your first prompt on."
WIDE = 200  # characters, where the output goes to a file or a program


class Format(StrEnum):
    """What an export is written in."""

    MARKDOWN = "md"
    JSON = "json"


sessions_app = typer.Typer(help="See, export and delete the conversations that were kept. Alone: the list.")

SessionArgument = Annotated[str, typer.Argument(metavar="ID", help="A session's id, or how it begins.")]


@sessions_app.callback(invoke_without_command=True)
def sessions(context: typer.Context) -> None:
    """See, export and delete the conversations that were kept. Alone: the list."""
    if context.invoked_subcommand is None:
        list_sessions()


@sessions_app.command("list")
def list_sessions(
    cwd: Annotated[Path | None, typer.Option(help="Only those of this folder.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most, the one used last first.", min=1)] = 50,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
) -> None:
    """The sessions, the one used last first."""
    from punie_acp.sessions.listing import all_sessions, as_table, row_of

    folder = None if cwd is None else str(cwd.resolve())
    with _kept() as store:
        found = [] if store is None else list(islice(all_sessions(store, folder), limit + 1))
        rows = [] if store is None else [row_of(store, record) for record in found[:limit]]
    if json:
        typer.echo(jsonlib.dumps([row.as_values() for row in rows], indent=2))
    elif rows:
        _console().print(as_table(rows))
        if len(found) > limit:
            typer.echo(f"There are more: --limit {limit * 10}", err=True)
    else:
        typer.echo(NOTHING_KEPT if folder is None else f"There are no sessions of {folder}.")


@sessions_app.command()
def show(session: SessionArgument) -> None:
    """A conversation, to read."""
    from punie_acp.sessions.conversation import conversation
    from punie_acp.sessions.listing import find
    from punie_acp.sessions.terminal import rendered

    console = _console()
    with _existing() as store:
        record = find(store, session)
        for piece in rendered(record, conversation(store, record.session_id), styled=console.is_terminal):
            console.print(piece, soft_wrap=not console.is_terminal)


@sessions_app.command()
def export(
    session: SessionArgument,
    format: Annotated[Format, typer.Option(help="To read, or with all there is.")] = Format.MARKDOWN,  # noqa: A002 - the option's name
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; otherwise stdout.")] = None,
) -> None:
    """A whole session as Markdown or JSON."""
    from punie_acp.server.store.base import StoreError
    from punie_acp.sessions.exporting import as_json, as_markdown
    from punie_acp.sessions.listing import find

    with _existing() as store:
        text = (as_json if format is Format.JSON else as_markdown)(store, find(store, session))
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{output} cannot be written: {error.strerror}") from error
    typer.echo(f"{output} is written.", err=True)


@sessions_app.command()
def delete(
    sessions: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, or how they begin.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete sessions, with everything that was said and done in them. Files of your projects stay."""
    from punie_acp.server.undo import forget
    from punie_acp.sessions.listing import find, row_of, title_of
    from punie_acp.settings import load_settings

    with _existing() as store:
        rows = [row_of(store, find(store, session)) for session in sessions]
        for row in rows:
            session_id = row.record.session_id
            running = " A turn of it is running." if row.state == "running" else ""
            if not yes:
                turns = f"{row.turns} turn{'' if row.turns == 1 else 's'}"
                question = f"Delete {session_id[:8]}, {title_of(row.record)}, {turns}?{running}"
                typer.confirm(question, abort=True, err=True)
            store.delete_session(session_id)
            forget(row.record, load_settings())
            typer.echo(f"{session_id} is deleted.")


@contextmanager
def _kept() -> Generator[Store | None]:
    """The store, or None where nothing was ever kept: looking makes no file."""
    from punie_acp.logs import configure_logging
    from punie_acp.server.store import open_store
    from punie_acp.settings import load_settings

    settings = load_settings()
    configure_logging(settings)
    path = settings.data_dir / "sessions.db"
    store = open_store(path) if path.exists() else None
    try:
        yield store
    finally:
        if store is not None:
            store.close()


@contextmanager
def _existing() -> Generator[Store]:
    """The store. Raises `UnknownSessionError` where nothing was ever kept."""
    from punie_acp.server.store.base import UnknownSessionError

    with _kept() as store:
        if store is None:
            raise UnknownSessionError(NOTHING_KEPT)
        yield store


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
