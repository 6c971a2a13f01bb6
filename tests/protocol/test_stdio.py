"""The real thing: `punie-acp --stdio` with pipes, files and nothing at its ends, and what it may not import before."""

import json
import os
import subprocess
import sys

import pytest

INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": 1}}
LATE = (
    "acp",
    "pydantic",
    "pydantic_ai",
    "pydantic_monty",
    "mlx",
    "mlx_lm",
    "transformers",
    "structlog",
    "rich",
    "typer",
)


@pytest.fixture
def environment(tmp_path):
    return os.environ | {f"PUNIE_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "LOG")}


def start(environment, *, stdin=subprocess.PIPE, stdout=subprocess.PIPE, code=None):
    command = ["-c", code] if code else ["-m", "punie_acp", "--stdio"]
    return subprocess.Popen(
        [sys.executable, *command], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=environment
    )


def test_a_request_from_a_file_is_answered_into_a_file(environment, tmp_path):
    (tmp_path / "in").write_text(json.dumps(INITIALIZE) + "\n")
    with (tmp_path / "in").open("rb") as lines, (tmp_path / "out").open("wb") as answers:
        agent = start(environment, stdin=lines, stdout=answers)
        assert agent.communicate(timeout=20)[1] == b""
    assert agent.returncode == 0
    assert json.loads((tmp_path / "out").read_text())["result"]["protocolVersion"] == 1


def test_no_input_at_all_ends_it(environment):
    agent = start(environment, stdin=subprocess.DEVNULL)
    assert agent.communicate(timeout=20) == (b"", b"")
    assert agent.returncode == 0


def test_a_line_cut_short_by_the_end_is_dropped(environment):
    agent = start(environment)
    out, err = agent.communicate(json.dumps(INITIALIZE).encode() + b'\n{"jsonrpc": "2.0", "id": 2, "meth', timeout=20)
    assert [json.loads(line)["id"] for line in out.splitlines()] == [1]
    assert (err, agent.returncode) == (b"", 0)


def test_eight_megabytes_in_one_line_are_one_message(environment):
    agent = start(environment)
    request = INITIALIZE | {"params": {"protocolVersion": 1, "clientInfo": {"name": "x" * 8_000_000, "version": "1"}}}
    out, _ = agent.communicate(json.dumps(request).encode() + b"\n", timeout=30)
    assert json.loads(out)["result"]["agentInfo"]["name"] == "punie-acp"


def test_what_else_is_printed_goes_to_stderr(environment):
    code = """
import os, subprocess, anyio
from punie_acp.protocol.stdio import stdio_streams

async def main():
    async with stdio_streams() as (receive, send):
        print("from print", flush=True)
        os.write(1, b"from C\\n")
        subprocess.run(["echo", "from a child"])
        await send.send(b"for the client\\n")

anyio.run(main)
"""
    agent = start(environment, code=code)
    out, err = agent.communicate(timeout=20)
    assert out == b"for the client\n"
    assert err.split(b"\n")[:3] == [b"from print", b"from C", b"from a child"]


def test_nothing_slow_is_imported_before_a_session_is_there(environment, tmp_path):
    code = f"""
import sys
from punie_acp.server.serve import serve_stdio
import punie_acp.protocol.peer as peer_module

def report(self, message, send=peer_module.Peer._send):
    late = [name for name in {LATE!r} if name in sys.modules]
    return send(self, message | {{"imported": late}} if "result" in message else message)

peer_module.Peer._send = report
serve_stdio([])
"""
    agent = start(environment, code=code)
    new = {"jsonrpc": "2.0", "id": 2, "method": "session/new", "params": {"cwd": str(tmp_path), "mcpServers": []}}
    lines = [json.dumps(INITIALIZE), json.dumps(new), ""]
    out, _ = agent.communicate("\n".join(lines).encode(), timeout=30)
    answers = [json.loads(line) for line in out.splitlines()]
    assert [answer["imported"] for answer in answers if answer.get("id") in (1, 2)] == [[], []]
