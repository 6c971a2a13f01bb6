"""What an ASGI server hands to an application, and what it takes (https://asgi.readthedocs.io)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

Scope: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
Headers: TypeAlias = Mapping[str, str]


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers by their lower-case names; of one that came twice, the last."""
    pairs: list[tuple[bytes, bytes]] = list(scope["headers"])
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}


async def respond(
    send: Send, status: int, body: object = None, headers: Headers | None = None, *, prefix: str = "http.response"
) -> None:
    """Answer with a JSON body, or with none. `prefix` is another one where a WebSocket is refused."""
    payload = b"" if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", errors="replace")
    given = {"content-type": "application/json", "content-length": str(len(payload)), **(headers or {})}
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.items()]
    await send({"type": f"{prefix}.start", "status": status, "headers": pairs})
    await send({"type": f"{prefix}.body", "body": payload})
