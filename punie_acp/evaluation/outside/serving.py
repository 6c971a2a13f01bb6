"""An MCP server over standard input and output, for the tools of one task. It starts at once."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

METHOD_NOT_FOUND = -32601
Arguments = dict[str, Any]
Call = Callable[[Arguments], dict[str, Any]]
"""A tool at work: from the arguments to what `tools/call` answers."""


def serve(name: str, tools: Sequence[Mapping[str, Any]], calls: Mapping[str, Call]) -> None:
    """Answer the requests on standard input until it ends. `tools` are told; `calls` has what each does."""
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request and "method" in request:
            answer = {"jsonrpc": "2.0", "id": request["id"], **_answer(request, name, tools, calls)}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def gave(text: str, structured: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A tool's answer: as text, and as a value where the tool has a schema for it."""
    answer: dict[str, Any] = {"content": [{"type": "text", "text": text}]}
    return answer if structured is None else answer | {"structuredContent": structured}


def failed(reason: str) -> dict[str, Any]:
    """A tool's answer that is an error."""
    return gave(reason) | {"isError": True}


def _answer(
    request: dict[str, Any], name: str, tools: Sequence[Mapping[str, Any]], calls: Mapping[str, Call]
) -> dict[str, Any]:
    parameters: dict[str, Any] = request.get("params") or {}
    match request["method"]:
        case "initialize":
            own = {"name": name, "version": "1"}
            version = parameters["protocolVersion"]
            return {"result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": own}}
        case "tools/list":
            return {"result": {"tools": list(tools)}}
        case "tools/call" if parameters["name"] in calls:
            with contextlib.redirect_stdout(sys.stderr):  # for what a tool prints
                return {"result": calls[parameters["name"]](parameters.get("arguments") or {})}
        case "ping":
            return {"result": {}}
        case other:
            return {"error": {"code": METHOD_NOT_FOUND, "message": f"there is no {other} here"}}
