"""A real MCP server to test with: `server.py stdio`, `server.py http PORT`, `server.py sse PORT`.

Other words make it misbehave: `silent` never answers, `broken` ends at once, `slow SECONDS` answers late, `chatty`
prints what is no message. It leaves word of what happened in the folder that `MARKS` names.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ImageContent, TextContent, ToolAnnotations
from pydantic import BaseModel

MARKS = Path(os.environ.get("MARKS", "."))
server = MCPServer("test")


class Day(BaseModel):
    high: float
    words: str | None = None


class Forecast(BaseModel):
    city: str
    days: list[Day]


class Order(BaseModel):
    article: str
    count: int = 1


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def forecast(city: str, days: int = 1, unit: Literal["C", "F"] = "C") -> Forecast:
    """The weather of the next days.

    It is always fine.
    """
    return Forecast(city=city, days=[Day(high=20.5 if unit == "C" else 69)] * days)


@server.tool()
def order(items: list[Order], express: bool | None = None) -> str:
    """Order things."""
    return f"{sum(item.count for item in items)} things, express={express}"


@server.tool()
def numbers(count: int) -> list[int]:
    """Numbers from 0."""
    return list(range(count))


@server.tool(structured_output=False)
def picture() -> list[TextContent | ImageContent]:
    """A picture with its title."""
    data = base64.b64encode(b"not really a picture").decode()
    return [TextContent(type="text", text="Sunset"), ImageContent(type="image", data=data, mime_type="image/png")]


@server.tool()
def fail(reason: str) -> str:
    """Fails."""
    raise ToolError(reason)


@server.tool(structured_output=False)
def environment(name: str) -> str:
    """An environment variable."""
    return os.environ.get(name, "(not set)")


@server.tool()
async def wait(seconds: float, ctx: Context) -> str:
    """Waits, and notes when it is cancelled."""
    await ctx.report_progress(1, 2, "half way")
    (MARKS / "waiting").touch()
    try:
        await anyio.sleep(seconds)
    except anyio.get_cancelled_exc_class():
        (MARKS / "cancelled").touch()
        raise
    return "done"


@server.tool()
def die() -> str:
    """Ends the server at once."""
    print("no more strength", file=sys.stderr, flush=True)
    os._exit(3)


@server.tool()
def leave_a_child() -> int:
    """Starts a process that outlives a careless client; its id."""
    return subprocess.Popen(["/bin/sh", "-c", "trap '' TERM HUP; sleep 60"], stdin=subprocess.DEVNULL).pid


@server.tool()
async def learn(name: str, ctx: Context) -> str:
    """Gives the server one more tool."""
    server.add_tool(lambda: f"I am {name}", name=name, description="New.", structured_output=False)
    await ctx.session.send_tool_list_changed()
    return "learned"


def main(manner: str, argument: str = "") -> None:
    (MARKS / f"{manner}-{os.getpid()}").touch()
    if manner == "silent":
        time.sleep(600)
    if manner == "broken":
        print("cannot open the database", file=sys.stderr)
        sys.exit(3)
    if manner == "slow":
        time.sleep(float(argument))
    if manner == "chatty":
        print("Welcome to my server!", flush=True)
    if manner in {"http", "sse"}:
        server.run("streamable-http" if manner == "http" else "sse", host="127.0.0.1", port=int(argument))
    else:
        server.run("stdio")


if __name__ == "__main__":
    main(*sys.argv[1:])
