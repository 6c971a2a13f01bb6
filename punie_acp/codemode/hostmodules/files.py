"""Reading and writing files: `open`, `Path.read_text`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.codemode.calls import Answer, Plan
from punie_acp.codemode.events import CallType, Location
from punie_acp.codemode.planning import read_plan, text_summary, write_plan

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.codemode.functions import PathLike, Place

READ, WRITE = CallType.READ, CallType.WRITE


async def read_text(place: Place, path: PathLike) -> Plan:
    """`Path.read_text`, `open(…).read()`."""
    target = place.resolve(path, READ, "read", "Read")

    async def perform(_: object) -> Answer:
        text = await place.workspace.read_text(target)
        return Answer(text, text_summary(text))

    return read_plan(place, target, perform)


async def read_bytes(place: Place, path: PathLike) -> Plan:
    """`Path.read_bytes`, `open(…, "rb").read()`."""
    target = place.resolve(path, READ, "read", "Read")

    async def perform(_: object) -> Answer:
        data = await place.workspace.read_bytes(target)
        return Answer(data, {"bytes": len(data)})

    return read_plan(place, target, perform)


async def write_text(place: Place, path: PathLike, data: str, encoding: str | None = None) -> Plan:
    """`Path.write_text`, and what `open(…, "w")` writes when it closes.

    A text that is there keeps its encoding, unless `encoding`, which is a name of UTF-8, says that it is to have that.
    """
    target = place.resolve(path, WRITE, "edit", "Write")
    if encoding is not None and await _is_in_another(place, target, encoding):
        return await _write_bytes(place, path, data.encode(encoding), append=False)
    return await write_plan(place, target, data, len(data))


async def _is_in_another(place: Place, target: Path, encoding: str) -> bool:
    """Whether there is a file that is not in `encoding`."""
    known = await place.workspace.stat(target)
    if known is None or known.kind != "file":
        return False
    try:
        (await place.workspace.read_bytes(target)).decode(encoding)
    except UnicodeDecodeError:
        return True
    return False


async def append_text(place: Place, path: PathLike, data: str) -> Plan:
    """What `open(…, "a")` writes when it closes."""
    target = place.resolve(path, WRITE, "edit", "Append to")
    return await write_plan(place, target, data, len(data), append=True)


async def write_bytes(place: Place, path: PathLike, data: bytes) -> Plan:
    """`Path.write_bytes`, and what `open(…, "wb")` writes when it closes. Shown as a diff where it is text."""
    return await _write_bytes(place, path, data, append=False)


async def append_bytes(place: Place, path: PathLike, data: bytes) -> Plan:
    """What `open(…, "ab")` writes when it closes."""
    return await _write_bytes(place, path, data, append=True)


async def _write_bytes(place: Place, path: PathLike, data: bytes, *, append: bool) -> Plan:
    target = place.resolve(path, WRITE, "edit", "Write")
    known = await place.workspace.stat(target)
    before = await place.workspace.read_bytes(target) if append and known is not None else b""
    title = f"{'Write' if known else 'Create'} {place.workspace.display(target)} ({len(data)} bytes)"

    async def perform(_: object) -> Answer:
        await place.workspace.write_bytes(target, before + data)
        return Answer(len(data), {"bytes": len(before) + len(data)})

    places = (Location(str(target)),)
    return Plan(WRITE, "edit", title, perform, places, value=len(data), bytes_after=before + data)
