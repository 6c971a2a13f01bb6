"""Which servers a session has, as plain values: how each is reached, and what is passed on to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class StdioServer:
    """A server that is a process of ours, spoken to over its pipes."""

    name: str
    command: str  # a path, or a name that is looked up in PATH
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)  # often holds keys: never shown


@dataclass(frozen=True)
class HttpServer:
    """A server at an address: over streamable HTTP, or over the older HTTP with server-sent events."""

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)  # often holds keys: never shown
    transport: Literal["http", "sse"] = "http"


ServerConfig = StdioServer | HttpServer


@dataclass(frozen=True)
class Tool:
    """One tool of a server, as the server describes it. All of it is a stranger's word, hints included."""

    name: str
    description: str = ""
    input_schema: Mapping[str, object] = field(default_factory=dict[str, object])
    output_schema: Mapping[str, object] | None = None
    read_only: bool = False
    open_world: bool = True
