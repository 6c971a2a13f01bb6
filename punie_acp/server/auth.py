"""`authenticate` and `logout`. Nothing here needs an account; ACP's registry wants a method all the same.

One method is for the agent itself and does nothing. The other is for clients that can run us in a terminal: it installs
a model, which is the one thing that a new user lacks.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from punie_acp.server.params import invalid, text

if TYPE_CHECKING:
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params
    from punie_acp.server.client import Client

NO_LOGIN = "no-login"
SETUP = "setup"
SETUP_FLAG = "--setup"
"""Clients append it to the command that starts the agent: `punie-acp --stdio --setup` installs a model and ends."""


def auth_methods(client: Client) -> list[JsonValue]:
    """What `initialize` offers to this client."""
    methods: list[JsonValue] = [
        {
            "id": NO_LOGIN,
            "name": "No login needed",
            "description": "The model runs on this machine; there is no account.",
        }
    ]
    if client.can("auth", "terminal") or client.can("_meta", "terminal-auth"):
        methods.append(_setup_method(in_meta=client.can("_meta", "terminal-auth")))
    return methods


def _setup_method(*, in_meta: bool) -> Params:
    """`in_meta`: how Zed has it from agents since before the specification did; there the whole command is named."""
    method: Params = {
        "id": SETUP,
        "type": "terminal",
        "name": "Download a model",
        "description": "Installs the model that suits this machine, in a terminal.",
        "args": [SETUP_FLAG],
    }
    if in_meta:
        command: Params = {
            "label": "Download a model for Punie",
            "command": sys.executable,
            "args": ["-P", "-m", "punie_acp", SETUP_FLAG],
        }
        method["_meta"] = {"terminal-auth": command}
    return method


class Login:
    """Whether this connection's client has authenticated. It may, and need not."""

    def __init__(self) -> None:
        self.method: str | None = None

    def authenticate(self, params: Params) -> Params:
        """`authenticate`. Raises `RpcError` for a method that is not the agent's own."""
        method = text(params, "methodId")
        if method == SETUP:
            raise invalid("methodId", f"{SETUP!r} runs in the client's terminal, and is not passed to authenticate")
        if method != NO_LOGIN:
            raise invalid("methodId", f"there is no method {method!r}; there is {NO_LOGIN!r}")
        self.method = method
        return {}

    def logout(self, _params: Params) -> Params:
        """`logout`: forget what `authenticate` noted. Sessions go on, for they need no login."""
        self.method = None
        return {}
