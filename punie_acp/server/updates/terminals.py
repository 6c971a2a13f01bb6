"""Zed's terminals in `_meta`: output of our own processes, sent piece by piece, that the client shows in a terminal.

A client says that it has them by `clientCapabilities._meta.terminal_output`. The keys are those that Zed reads (and
codex-acp and claude-agent-acp send): `terminal_info` on `tool_call`, then `terminal_output` and at the end
`terminal_exit` on `tool_call_update`. The terminal's id is the tool call's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punie_acp.protocol.errors import JsonValue


def streams_terminals(capabilities: Mapping[str, JsonValue]) -> bool:
    """Whether commands are shown so. Not where the client runs them in terminals of its own."""
    meta = capabilities.get("_meta")
    return isinstance(meta, dict) and meta.get("terminal_output") is True and capabilities.get("terminal") is not True


def info_meta(terminal_id: str, cwd: str | None) -> dict[str, JsonValue]:
    """There is a terminal."""
    info: dict[str, JsonValue] = {"terminal_id": terminal_id}
    return {"terminal_info": info | ({"cwd": cwd} if cwd else {})}


def output_meta(terminal_id: str, data: str) -> dict[str, JsonValue]:
    """There is new output in it."""
    return {"terminal_output": {"terminal_id": terminal_id, "data": data}}


def exit_meta(terminal_id: str, raw_output: JsonValue) -> dict[str, JsonValue]:
    """Its command has ended: with an exit code, by a signal, or, where it was never started or broke off, neither."""
    result = raw_output if isinstance(raw_output, dict) else {}
    return {
        "terminal_exit": {
            "terminal_id": terminal_id,
            "exit_code": result.get("exit_code"),
            "signal": result.get("signal"),
        }
    }
