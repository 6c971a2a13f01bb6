"""W3C trace context: `traceparent` and `tracestate`, which ACP reserves at the root of `_meta`.

What a client sends with a request is the context of all that is done for it: handlers read `Incoming.trace`, and the
requests that are made on its behalf take it along.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punie_acp.protocol.errors import JsonValue

# https://www.w3.org/TR/trace-context/: version, trace id, parent id and flags; neither id may be all zeros.
_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_MAX_STATE = 512  # characters, the least that everybody has to pass on

_current: ContextVar[Mapping[str, str] | None] = ContextVar("punie_acp_trace", default=None)


def read_trace(meta: Mapping[str, JsonValue]) -> dict[str, str]:
    """The trace context in `meta`; empty where there is none, or none that the standard allows."""
    parent, state = meta.get("traceparent"), meta.get("tracestate")
    if not isinstance(parent, str) or not _PARENT.fullmatch(parent):
        return {}
    if not isinstance(state, str) or not state.isprintable() or len(state) > _MAX_STATE:
        return {"traceparent": parent}
    return {"traceparent": parent, "tracestate": state}


def enter_trace(trace: Mapping[str, str]) -> None:
    """Let `trace` be the context of this task, and of those that it starts."""
    _current.set(trace or None)


def with_trace(params: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A copy of `params` that takes the current trace context along in its `_meta`."""
    trace = _current.get()
    if trace is None:
        return dict(params)
    meta = params.get("_meta")
    return {**params, "_meta": {**trace, **(meta if isinstance(meta, dict) else {})}}
