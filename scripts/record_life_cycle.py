"""Records the ACP messages of real external calls, for the standard that defines their life cycle.

    python scripts/record_life_cycle.py            # prints them
    python scripts/record_life_cycle.py --write    # puts them into the standard

The agent is a child process over stdio, its sandbox, files and commands are real; only the model is scripted. Ids,
paths and times that differ from run to run are replaced, so that two runs give the same text.
"""  # noqa: INP001 - a folder of scripts, not a package

from __future__ import annotations

import json
import re
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from acp.schema import ClientCapabilities, FileSystemCapabilities  # noqa: E402

from tests.acp_client import NOTHING, AcpClient, spawn_agent  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD = ROOT / "agent-os" / "standards" / "pydantic-agent-communication-protocol.md"
SHOWS_TERMINALS = ClientCapabilities(
    fs=FileSystemCapabilities(read_text_file=False, write_text_file=False),
    terminal=False,
    field_meta={"terminal_output": True},
)
EVERYTHING = ClientCapabilities(fs=FileSystemCapabilities(read_text_file=True, write_text_file=True), terminal=True)
SESSION, FOLDER = "5e55", "/home/me/project"
BESIDE_THE_TURN = ("agent_thought_chunk", "available_commands_update")
WIDTH = 100  # characters of a line of JSON

ALONE = """\
# Greet more politely
text = read_file("greeting.py")
write_file("greeting.py", text.replace("Hello", "Good day"))
result = run_command("echo one; sleep 0.5; echo two")
try:
    write_file("notes.txt", "Done.")
except PermissionError as error:
    print(error)
"""
STREAMED = 'run_command("echo one; sleep 0.5; echo two")\n'
IN_EDITOR = 'run_command("echo one")\n'
MODEL_WRITES = [{"code": ALONE}, {"text": "Changed."}]


def refuse_notes(request: dict[str, Any]) -> str:
    """The user of the recorded session: allows all but notes.txt."""
    return "reject_once" if "notes.txt" in request["toolCall"]["title"] else "allow_once"


async def record() -> dict[str, str]:
    """The messages by the section of the standard in which they stand, as text."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()  # noqa: ASYNC240 - nothing else runs yet
        (home / "project").mkdir()
        (home / "project" / "greeting.py").write_text('print("Hello")\n')
        async with spawn_agent(home / "a", capabilities=NOTHING, allow=refuse_notes, script=MODEL_WRITES) as client:
            told = await _turn(client, home / "project", "Greet more politely.")
        async with spawn_agent(home / "c", capabilities=SHOWS_TERMINALS, script=[{"code": STREAMED}]) as client:
            streamed = await _turn(client, home / "project", "Count.")
        async with spawn_agent(home / "b", capabilities=EVERYTHING, script=[{"code": IN_EDITOR}]) as client:
            in_editor = await _turn(client, home / "project", "Say one.")
    sections = {
        "turn": [message for message in told if _is_of_turn(message)],
        "program": [message for message in told if _call_id(message) == "t1/p1" and _is_step(message)],
        "file-system/read": _about(told, "t1/p1/1"),
        "file-system/write": _about(told, "t1/p1/2"),
        "shell/command": _about(told, "t1/p1/3"),
        "streamed": _about(streamed, "t1/p1/1"),
        "refused": _about(told, "t1/p1/4"),
        "client terminal": _about(in_editor, "t1/p1/1"),
    }
    return {name: "\n".join(map(_text, messages)) for name, messages in sections.items()}


async def _turn(client: AcpClient, project: Path, prompt: str) -> list[dict[str, Any]]:
    """All messages of a turn, from its prompt on, with what differs from run to run replaced."""
    session = await client.new_session(project)
    begin = len(client.process.lines)
    await client.prompt(session, prompt)
    replace = partial(_replaced, session=session, project=str(project))
    lines = client.process.lines[begin:]
    return _with_answers([replace({"from": line.sender} | json.loads(line.data)) for line in lines])


def _with_answers(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`messages`, where each answer tells which tool call the question was about."""
    asked = {
        (message["from"], message["id"]): message for message in messages if "method" in message and "id" in message
    }
    for message in messages:
        if "result" in message:
            other = "client" if message["from"] == "agent" else "agent"
            message["about"] = _call_id(asked[other, message["id"]])
    return messages


def _replaced(value: Any, *, session: str, project: str) -> Any:  # noqa: ANN401 - JSON
    """`value` with one session id, one project folder, and neither measured times nor counted tokens."""
    text = json.dumps(value, ensure_ascii=False).replace(session, SESSION).replace(project, FOLDER)
    text = re.sub(r'("updatedAt": )"[^"]*"', r'\g<1>"2026-01-01T00:00:00.000Z"', text)
    text = re.sub(r'("\w*[sS]econds": )[\d.]+', r"\g<1>0.0", text)
    return json.loads(re.sub(r'("(?:\w+Tokens|used)": )\d+', r"\g<1>0", text))


def _call_id(message: dict[str, Any]) -> str | None:
    params = message.get("params", {})
    return message.get("about") or (params.get("update") or params.get("toolCall") or {}).get("toolCallId")


def _about(messages: list[dict[str, Any]], call_id: str) -> list[dict[str, Any]]:
    return [message for message in messages if _call_id(message) == call_id]


def _is_of_turn(message: dict[str, Any]) -> bool:
    """Whether a message is about the turn itself. Notices ("Loading the model …") depend on the machine's speed.

    So does whether a session's commands are told before its first prompt or after it.
    """
    kind = message.get("params", {}).get("update", {}).get("sessionUpdate")
    lends_files_or_terminals = message.get("method", "").startswith(("fs/", "terminal/"))
    return _call_id(message) is None and kind not in BESIDE_THE_TURN and not lends_files_or_terminals


def _is_step(message: dict[str, Any]) -> bool:
    """Whether a program's update is a step of its life; between them its code and output are sent as they grow."""
    return "status" in message["params"]["update"]


def _text(message: dict[str, Any]) -> str:
    """A message as the standard shows it: who sends it, its method, and what is in it."""
    arrow = {"agent": "←", "client": "→"}[message["from"]]
    body = message.get("params", message.get("result"))
    content = {name: value for name, value in body.items() if name != "sessionId"}
    if update := content.get("update"):
        content = {"sessionUpdate": update.pop("sessionUpdate"), **update}
    return f"{arrow} {message.get('method', 'result')} {_laid_out(content)}"


def _laid_out(value: Any, indent: str = "") -> str:  # noqa: ANN401 - JSON
    """JSON, in one line where that is short enough."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, dict | list):
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{json.dumps(name)}: {_laid_out(item, inner)}" for name, item in value.items()]
        return "{\n" + ",\n".join(inner + item for item in items) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + _laid_out(item, inner) for item in value) + f"\n{indent}]"


def filled(standard: str, sections: dict[str, str]) -> str:
    """The standard with the recorded messages in it. Raises `ValueError` for a section that it lacks."""
    for name, text in sections.items():
        block = re.compile(rf"(<!-- recorded: {re.escape(name)} -->\n```text\n)(.*?)(^```\n)", re.DOTALL | re.MULTILINE)
        if not block.search(standard):
            raise ValueError(f"the standard has no place for the messages of {name!r}")
        standard = block.sub(partial(_between, text), standard)
    return standard


def _between(text: str, match: re.Match[str]) -> str:
    return f"{match[1]}{text}\n{match[3]}"


def _report(sections: dict[str, str]) -> Iterator[str]:
    for name, text in sections.items():
        yield f"## {name}\n\n{text}\n\n"


def main() -> None:
    """Record, and print or write."""
    sections = anyio.run(record)
    if "--write" in sys.argv[1:]:
        STANDARD.write_text(filled(STANDARD.read_text(encoding="utf-8"), sections), encoding="utf-8")
    else:
        sys.stdout.writelines(_report(sections))


if __name__ == "__main__":
    main()
