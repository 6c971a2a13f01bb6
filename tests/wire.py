"""What may stand on the wire between a client and an agent: ACP's own schema, JSON-RPC's rules, and a call's life.

`Wire` takes the lines of both directions in the order in which they passed, and lists everything that is wrong:

- a line that is not a JSON-RPC message, or that the schema of its method does not allow;
- an answer to no request, a second answer, and at the end a request without an answer;
- a tool call that is announced twice, updated before it is announced or after its end, or open when its turn ends;
- a terminal that is not released when the turn that created it ends;
- an update about a session that the client has not been told of.

Where a test lets its client misbehave on purpose, that client's own lines are not held against it, but the agent still
owes a correct answer to each of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.acp_schema import UNSTABLE_NAMES, Schema, capabilities, stable_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Sender = Literal["client", "agent"]
OTHER: dict[Sender, Sender] = {"client": "agent", "agent": "client"}
FINAL = ("completed", "failed")


@dataclass
class Wire:
    """The lines of one connection. `violations` grows as they are added, and `seen` has the names of what passed."""

    hostile: bool = False  # the client breaks the protocol on purpose
    schema: Schema = field(default_factory=stable_schema)
    violations: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    negotiated: set[str] = field(default_factory=set)  # what `initialize` was about, true of all that follows
    open_requests: dict[tuple[Sender, Any], dict[str, Any]] = field(default_factory=dict)
    _answered: set[tuple[Sender, Any]] = field(default_factory=set)
    _refusals_owed: int = 0  # lines of a hostile client that may each be answered with an error
    _sessions: set[str] = field(default_factory=set)
    _calls: dict[tuple[str, str], str] = field(default_factory=dict)  # status by session and tool call
    _terminals: dict[str, set[str]] = field(default_factory=dict)  # by session

    def add(self, sender: Sender, line: bytes) -> None:
        """Check one line that `sender` sent."""
        try:
            message = json.loads(line, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            self._object(sender, f"not JSON: {line[:200]!r}")
            return
        if not _is_message(message):
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
        return [
            f"no answer to {sender}'s {request['method']} {id_!r}"
            for (sender, id_), request in self.open_requests.items()
        ]

    def _object(self, sender: Sender, complaint: str) -> None:
        if sender == "client" and self.hostile:
            self._refusals_owed += 1
        else:
            self.violations.append(f"{sender}: {complaint}")

    def _take_call(self, sender: Sender, message: dict[str, Any]) -> None:
        method, complaints = message["method"], list(self._complaints(sender, message))
        if complaints:
            self._object(sender, "; ".join(complaints))
        if "id" in message:
            self.open_requests.setdefault((sender, message["id"]), message)
        if complaints:
            return
        if "id" not in message:
            self._see(sender, method)
        if method == "session/update":
            self._take_update(message["params"]["sessionId"], message["params"]["update"])
        elif method == "session/request_permission":
            self._take_question(message["params"])
        elif method in ("session/load", "session/resume"):
            self._open_session(message["params"]["sessionId"])

    def _see(self, sender: Sender, method: str) -> None:
        """A notification has passed, or a request has had its result."""
        self.seen.add(method if sender == "client" or method.startswith("$/") else f"client:{method}")

    def _complaints(self, sender: Sender, message: dict[str, Any]) -> Iterator[str]:
        method = message["method"]
        known = self._definitions(sender, method)
        if known is None:
            yield f"unknown method {method}"
            return
        if ("result" in known) != ("id" in message):
            yield f"{method} with the wrong kind of message: {message}"
        if "id" in message and (sender, message["id"]) in self.open_requests:
            yield f"an id that is in use: {message}"
        yield from self.schema.errors(known["params"], message.get("params"))

    def _definitions(self, sender: Sender, method: str) -> dict[str, str] | None:
        methods = self.schema.methods
        return methods.get((OTHER[sender], method)) or methods.get(("protocol", method))

    def _take_answer(self, sender: Sender, message: dict[str, Any]) -> None:
        key = OTHER[sender], message.get("id")
        request = self.open_requests.pop(key, None)
        if request is None:
            if "error" in message and sender == "agent" and self._refusals_owed:
                self._refusals_owed -= 1
                return
            before = "a second answer" if key in self._answered else "an answer to no request"
            self._object(sender, f"{before}: {message}")
            return
        self._answered.add(key)
        if ("error" in message) == ("result" in message):
            self._object(sender, f"neither result nor error, or both: {message}")
        elif "error" in message:
            self._object_all(sender, self.schema.errors("Error", message["error"]))
        else:
            self._take_result(sender, request, message["result"])
        self._take_end(request)

    def _object_all(self, sender: Sender, complaints: list[str]) -> None:
        for complaint in complaints:
            self._object(sender, complaint)

    def _take_result(self, sender: Sender, request: dict[str, Any], result: Any) -> None:
        known = self._definitions(OTHER[sender], request["method"])
        if known is None or "result" not in known:
            self._object(sender, f"a result for {request['method']}: {result}")
            return
        errors = self.schema.errors(known["result"], result)
        self._object_all(sender, errors)
        if not errors:
            self._see(OTHER[sender], request["method"])
            self._take_effect(request, result)

    # A tool call's life, and a terminal's.

    def _take_update(self, session: str, update: dict[str, Any]) -> None:
        kind = update["sessionUpdate"]
        self.seen.add(f"update:{kind}")
        if session not in self._sessions:
            self._object("agent", f"an update about session {session!r}, which the client does not know: {update}")
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

    def _take_effect(self, request: dict[str, Any], result: dict[str, Any]) -> None:
        method, params = request["method"], request.get("params") or {}
        if method == "initialize":
            self._negotiate(params)
        elif method in ("session/new", "session/fork"):
            self._open_session(result["sessionId"])
        elif method == "session/load":
            self._object_to_open_calls(params["sessionId"], "the session is loaded", but=("pending",))
        elif method == "terminal/create":
            self._terminals.setdefault(params["sessionId"], set()).add(result["terminalId"])

    def _take_end(self, request: dict[str, Any]) -> None:
        """What an answer ends, be it a result or an error."""
        method, params = request["method"], request.get("params")
        if method == "session/prompt":
            self._end_turn(_session_of(request))
        elif method == "terminal/release":
            self._terminals.get(params["sessionId"], set()).discard(params["terminalId"])

    def _negotiate(self, params: dict[str, Any]) -> None:
        offered = params.get("clientCapabilities") or {}
        named = {name for name in capabilities("Client") if _offers(offered, name.partition(":")[2].split("."))}
        self.negotiated |= {"initialize", *capabilities("Agent"), *UNSTABLE_NAMES[1:], *named}

    def _open_session(self, session: str) -> None:
        """The client knows `session` from now on; what is told of it begins anew."""
        self._sessions.add(session)
        self._calls = {call: status for call, status in self._calls.items() if call[0] != session}

    def _end_turn(self, session: object) -> None:
        """A prompt of `session` has been answered, perhaps its last."""
        if any(r["method"] == "session/prompt" and _session_of(r) == session for r in self.open_requests.values()):
            return
        self._object_to_open_calls(session, "the turn ended")
        if self._terminals.get(session):
            self._object("agent", f"the turn ended with terminals open: {self._terminals[session]}")

    def _object_to_open_calls(self, session: object, event: str, but: Collection[str] = ()) -> None:
        """`but`: calls of this status may be open; those of a program that waits to go on do."""
        allowed = {*FINAL, *but}
        left = [call for (owner, call), status in self._calls.items() if owner == session and status not in allowed]
        if left:
            self._object("agent", f"{event}, but not {', '.join(left)}")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is Python's, not JSON's")


def _is_message(value: object) -> bool:
    """Whether JSON-RPC 2.0 knows what this is."""
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        return False
    has_method = isinstance(value.get("method"), str) if "method" in value else "id" in value
    return has_method and isinstance(value.get("id"), str | int | None)


def _session_of(request: dict[str, Any]) -> object:
    params = request.get("params")
    return params.get("sessionId") if isinstance(params, dict) else None


def _offers(offered: Any, path: list[str]) -> bool:
    """Whether the capability at `path` is there, and not false."""
    for key in path:
        offered = offered.get(key) if isinstance(offered, dict) else None
    return offered is not None and offered is not False
