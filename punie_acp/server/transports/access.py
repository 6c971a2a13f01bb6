"""Who may talk to the agent over the network: one who has the token, and whom no web page has sent.

A page of some site in the user's browser can send requests to this machine, too. It does not know the token; and where
it has renamed this machine to its own site (DNS rebinding), the Host header says so.
"""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from punie_acp.server.transports.asgi import headers_of

if TYPE_CHECKING:
    from punie_acp.server.transports.asgi import Headers, Scope


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served."""

    status: int  # of HTTP
    reason: str


@dataclass(frozen=True, slots=True)
class Access:
    """The conditions."""

    token: str
    names: frozenset[str] = frozenset()  # by which this machine may be called, besides those of the loopback
    any_address: bool = False  # whether it may be called by any IP address: an address is no name that can be rebound
    origins: frozenset[str] = frozenset()  # of web pages that may connect, besides those that this machine serves

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why the request must not be served, or None."""
        headers = headers_of(scope)
        if not self._is_own_name(_host_name(headers.get("host", ""))):
            return Refusal(403, "the Host header names another machine")
        origin = headers.get("origin")
        if origin is not None and origin not in self.origins and not self._is_own_name(_origin_name(origin)):
            return Refusal(403, f"pages of {origin} may not connect; --allow-origin allows it")
        if not self._has_token(scope, headers):
            return Refusal(401, "the token is missing or wrong: Authorization: Bearer …")
        return None

    def _is_own_name(self, name: str) -> bool:
        if is_loopback(name) or name in self.names:
            return True
        return self.any_address and _address(name) is not None

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._is_token(given.strip())
        if scope["type"] != "websocket":
            return False
        # A browser cannot give a WebSocket any header.
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        return any(self._is_token(value) for value in query.get("token", []))

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode("utf-8", "replace"))


def is_loopback(name: str) -> bool:
    """Whether `name`, a host name or an address, stands for this very machine."""
    address = _address(name)
    return name == "localhost" if address is None else address.is_loopback


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _host_name(header: str) -> str:
    """The name in a Host header, without the port; empty for one that is malformed."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _origin_name(origin: str) -> str:
    try:
        parts = urlsplit(origin)
        return parts.hostname or "" if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""
