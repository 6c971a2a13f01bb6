"""What may stand on the wire between a client and an agent: ACP's own schema, JSON-RPC's rules, and a call's life.

`Wire` takes the lines of both directions in the order in which they passed, and lists everything that is wrong:

- a line that is not a JSON-RPC message, or that the schema of its method does not allow;
- an answer to no request, a second answer, and at the end a request without an answer;
- a tool call that is announced twice, updated before it is announced or after its end, or open when its turn ends;
- a terminal that is not released when the turn that created it ends.

The schema is the Agent Client Protocol specification's (tests/data/README.md).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator

Sender = Literal["client", "agent"]
OTHER: dict[Sender, Sender] = {"client": "agent", "agent": "client"}
FINAL = ("completed", "failed")
_DATA = Path(__file__).parent / "data"


@cache
def _definitions() -> dict[str, Any]:
    return json.loads((_DATA / "acp-schema-v1.json").read_text(encoding="utf-8"))["$defs"]


@cache
def _methods() -> dict[tuple[str, str], dict[str, str]]:
    """Names of definitions by who handles a method and the method: `params`, and for requests `result`."""
    methods: dict[tuple[str, str], dict[str, str]] = {}
    for name, definition in _definitions().items():
        if "x-method" in definition:
            part = "result" if name.endswith("Response") else "params"
            methods.setdefault((definition["x-side"], definition["x-method"]), {})[part] = name
    return methods


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": _definitions()})


def schema_errors(name: str, value: object) -> list[str]:
    """What the definition `name` of ACP's schema has against `value`."""
    return [f"{name}{error.json_path[1:]}: {error.message[:200]}" for error in _validator(name).iter_errors(value)]


@dataclass
class Wire:
    """The lines of one connection. `violations` grows as they are added."""

    violations: list[str] = field(default_factory=list)
    open_requests: dict[tuple[Sender, Any], dict[str, Any]] = field(default_factory=dict)
    _answered: set[tuple[Sender, Any]] = field(default_factory=set)
    _calls: dict[tuple[str, str], str] = field(default_factory=dict)  # status by session and tool call
    _terminals: dict[str, set[str]] = field(default_factory=dict)  # by session

    def add(self, sender: Sender, line: bytes) -> None:
        """Check one line that `sender` sent."""
        try:
            message = json.loads(line)
        except ValueError:
            self._object(sender, f"not JSON: {line[:200]!r}")
            return
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self._object(sender, f"not a JSON-RPC message: {line[:200]!r}")
        elif "method" in message:
            self._take_call(sender, message)
        else:
            self._take_answer(sender, message)

    def take_violations(self) -> list[str]:
        """What was wrong since the last time."""
        found, self.violations = self.violations, []
        return found

    def unanswered(self) -> list[str]:
        """The requests that wait for an answer."""
        return [f"{sender}'s {request['method']} {id_!r}" for (sender, id_), request in self.open_requests.items()]

    def _object(self, sender: Sender, complaint: str) -> None:
        self.violations.append(f"{sender}: {complaint}")

    def _take_call(self, sender: Sender, message: dict[str, Any]) -> None:
        method = message["method"]
        known = _methods().get((OTHER[sender], method)) or _methods().get(("protocol", method))
        if known is None:
            self._object(sender, f"unknown method {method}")
            return
        if ("result" in known) != ("id" in message):
            self._object(sender, f"{method} with the wrong kind of message: {message}")
        for error in schema_errors(known["params"], message.get("params")):
            self._object(sender, error)
        if "id" in message:
            self.open_requests[sender, message["id"]] = message
        if method == "session/update":
            self._take_update(message["params"]["sessionId"], message["params"]["update"])
        elif method == "session/request_permission":
            self._take_question(message["params"])

    def _take_answer(self, sender: Sender, message: dict[str, Any]) -> None:
        key = OTHER[sender], message.get("id")
        request = self.open_requests.pop(key, None)
        if request is None:
            self._object(
                sender, f"{'a second answer' if key in self._answered else 'an answer to no request'}: {message}"
            )
            return
        self._answered.add(key)
        if ("error" in message) == ("result" in message):
            self._object(sender, f"neither result nor error, or both: {message}")
        method = request["method"]
        name = "Error" if "error" in message else _methods()[sender, method]["result"]
        for error in schema_errors(name, message.get("error", message.get("result"))):
            self._object(sender, error)
        self._take_effect(request, message.get("result"))

    # A tool call's life, and a terminal's.

    def _take_update(self, session: str, update: dict[str, Any]) -> None:
        kind = update["sessionUpdate"]
        if kind not in ("tool_call", "tool_call_update"):
            return
        call = session, update["toolCallId"]
        before, after = self._calls.get(call), update.get("status")
        if (kind == "tool_call") != (before is None):
            self._object("agent", f"{'announced twice' if before else 'updated before it was announced'}: {call[1]}")
        if before in FINAL:
            self._object("agent", f"{call[1]} is {before}, and yet updated: {update}")
        if (before, after) == ("in_progress", "pending"):
            self._object("agent", f"{call[1]} goes back from {before} to {after}")
        self._calls[call] = after or before or "pending"

    def _take_question(self, params: dict[str, Any]) -> None:
        call_id = params["toolCall"]["toolCallId"]
        if self._calls.get((params["sessionId"], call_id)) != "pending":
            self._object("agent", f"asked about {call_id}, which does not wait")

    def _take_effect(self, request: dict[str, Any], result: dict[str, Any] | None) -> None:
        method, params = request["method"], request.get("params") or {}
        session = params.get("sessionId", "")
        if method == "session/prompt":
            if not any(
                r["method"] == method and r["params"]["sessionId"] == session for r in self.open_requests.values()
            ):
                self._end_turn(session)
        elif method == "terminal/create" and result:
            self._terminals.setdefault(session, set()).add(result["terminalId"])
        elif method == "terminal/release":
            self._terminals.get(session, set()).discard(params["terminalId"])

    def _end_turn(self, session: str) -> None:
        """No prompt of `session` is being answered any more."""
        left = [call for (owner, call), status in self._calls.items() if owner == session and status not in FINAL]
        if left:
            self._object("agent", f"the turn ended, but not {', '.join(left)}")
        if self._terminals.get(session):
            self._object("agent", f"the turn ended with terminals open: {self._terminals[session]}")
