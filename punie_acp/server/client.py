"""Who is at the other end: what the client said of itself in `initialize`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params


@dataclass(frozen=True, slots=True)
class Client:
    """The client of one connection. One that has not said anything can do nothing."""

    capabilities: Params = field(default_factory=dict[str, "JsonValue"])  # `clientCapabilities`, as they came
    name: str = ""
    version: str = ""

    @classmethod
    def of(cls, params: Params) -> Client:
        """The client that sent these parameters of `initialize`. What is not of the right type was not said."""
        capabilities, info = params.get("clientCapabilities"), params.get("clientInfo")
        info = info if isinstance(info, dict) else {}
        return cls(
            capabilities=capabilities if isinstance(capabilities, dict) else {},
            name=str(info.get("name") or ""),
            version=str(info.get("version") or ""),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip() or "unknown"

    def can(self, *path: str) -> bool:
        """Whether the capability at `path` is there: `true`, or an object (ACP v1: "supplying {} means support")."""
        value: JsonValue = self.capabilities
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value is True or isinstance(value, dict)
