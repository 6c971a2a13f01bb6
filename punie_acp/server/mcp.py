"""The MCP servers that a client names when it opens a session, checked, and kept as long as the session is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.server.params import invalid

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.mcp_servers.config import ServerConfig
    from punie_acp.mcp_servers.servers import McpServers
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params
    from punie_acp.settings import Settings


def server_configs(params: Params) -> tuple[ServerConfig, ...]:
    """`mcpServers` of a request. Raises `RpcError` that names the field which is wrong."""
    servers = params.get("mcpServers")
    if servers is None:
        return ()
    if not isinstance(servers, list):
        raise invalid("mcpServers", "must be a list")
    return tuple(_config(server, f"mcpServers.{index}") for index, server in enumerate(servers))


def start_servers(configs: tuple[ServerConfig, ...], root: Path, settings: Settings) -> McpServers | None:
    """The servers of a session, not yet running; None where it has none."""
    if not configs:
        return None
    from punie_acp.mcp_servers.servers import McpServers
    from punie_acp.server.journal import logger

    log = logger(settings, "mcp")
    return McpServers(
        configs,
        root=root,
        start_seconds=settings.mcp_start_seconds,
        call_seconds=settings.mcp_call_seconds,
        log=lambda event, facts: log.info(event, **facts),
    )


def _config(server: JsonValue, path: str) -> ServerConfig:
    from punie_acp.mcp_servers.config import HttpServer, StdioServer

    if not isinstance(server, dict):
        raise invalid(path, "must be an object")
    name = _text(server, "name", path)
    match server.get("type", "stdio"):
        case "stdio":
            args = _list(server, "args", path)
            if not all(isinstance(item, str) for item in args):
                raise invalid(f"{path}.args", "must be a list of strings")
            return StdioServer(name, _text(server, "command", path), tuple(map(str, args)), _pairs(server, "env", path))
        case "http":
            return HttpServer(name, _text(server, "url", path), _pairs(server, "headers", path))
        case "sse":
            return HttpServer(name, _text(server, "url", path), _pairs(server, "headers", path), transport="sse")
        case other:
            raise invalid(f"{path}.type", f"must be stdio, http or sse, not {other!r}")


def _text(value: Params, name: str, path: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise invalid(f"{path}.{name}", "must be a string")
    return found


def _list(value: Params, name: str, path: str) -> list[JsonValue]:
    found = value.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise invalid(f"{path}.{name}", "must be a list")
    return found


def _pairs(value: Params, name: str, path: str) -> dict[str, str]:
    """ACP's lists of `{name, value}` as a dict."""
    pairs: dict[str, str] = {}
    for index, item in enumerate(_list(value, name, path)):
        where = f"{path}.{name}.{index}"
        found = item.get("value") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(found, str):
            raise invalid(where, "must have a name and a value")
        pairs[_text(item, "name", where)] = found
    return pairs
