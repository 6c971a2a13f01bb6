"""A turn's updates, folded into what happened: what was said, each program, each external call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CALL_META = "punie.dev/call"
_CHUNKS = {"agent_message_chunk": "answer", "agent_thought_chunk": "thought", "user_message_chunk": "user"}


@dataclass(slots=True)
class Said:
    """A message of the agent, or a further prompt of the same task."""

    kind: str  # "answer", "thought" or "user"
    text: str


@dataclass(slots=True)
class Item:
    """A program or an external call, as its last update left it. Times are seconds after the prompt."""

    id: str
    title: str
    began: float
    function: str = ""  # of an external call
    parent: str = ""  # of an external call: its program's id
    code: str = ""  # of a program
    status: str = "pending"
    started: float | None = None
    ended: float | None = None
    raw_input: dict[str, Any] = field(default_factory=dict[str, Any])
    raw_output: Any = None
    texts: list[str] = field(default_factory=list[str])  # its content

    @property
    def is_program(self) -> bool:
        return not self.function

    @property
    def seconds(self) -> float:
        """From when it was permitted to its end."""
        return 0.0 if self.started is None or self.ended is None else self.ended - self.started

    @property
    def output(self) -> str:
        """What a program printed, and the value of its last line."""
        raw = _mapping(self.raw_output)
        return "\n".join(str(raw[key]) for key in ("output", "value") if raw.get(key))

    @property
    def error_kind(self) -> str:
        """Of a program that ran and failed: "syntax", "type", "runtime", "limit", "crash", "cancelled"."""
        return str(_mapping(_mapping(self.raw_output).get("error")).get("kind", ""))

    @property
    def error_message(self) -> str:
        """The same program's error."""
        return str(_mapping(_mapping(self.raw_output).get("error")).get("message", ""))

    @property
    def was_dropped(self) -> bool:
        """A program that was written and never begun."""
        return self.is_program and self.status == "failed" and self.raw_output is None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What happened in a task's turn, or in its turns, in order."""

    steps: tuple[Said | Item, ...]

    @property
    def answer(self) -> str:
        """What the agent said to the last prompt, after its last program or call where it made one."""
        last = max((index for index, step in enumerate(self.steps) if _begins_anew(step)), default=-1)
        said = [step.text for step in self.steps[last + 1 :] if isinstance(step, Said) and step.kind == "answer"]
        return "\n".join(said).strip()

    @property
    def programs(self) -> list[Item]:
        """The programs, in order."""
        return [step for step in self.steps if isinstance(step, Item) and step.is_program]

    @property
    def calls(self) -> list[Item]:
        """The external calls, in order."""
        return [step for step in self.steps if isinstance(step, Item) and not step.is_program]

    @property
    def tool_seconds(self) -> float:
        """Programs with all their calls, and calls that no program made."""
        programs = {program.id for program in self.programs}
        alone = sum(call.seconds for call in self.calls if call.parent not in programs)
        return alone + sum(program.seconds for program in self.programs)

    @property
    def output(self) -> str:
        """All that the model was shown: what programs printed, and what calls that no program made gave."""
        programs = {program.id for program in self.programs}
        alone = [text for call in self.calls if call.parent not in programs for text in call.texts]
        return "\n".join([*(program.output for program in self.programs), *alone])


def read_transcript(updates: Iterable[Mapping[str, Any]]) -> Transcript:
    """The transcript of `{"at": seconds, "update": …}` entries."""
    steps: list[Said | Item] = []
    items: dict[str, Item] = {}
    for entry in updates:
        at, update = float(entry["at"]), cast("dict[str, Any]", entry["update"])
        kind = str(update.get("sessionUpdate"))
        if kind in _CHUNKS:
            _say(steps, _CHUNKS[kind], str(_mapping(update.get("content")).get("text", "")))
        elif kind == "tool_call":
            item = items[str(update["toolCallId"])] = _begun(update, at)
            steps.append(item)
            _change(item, update, at)
        elif kind == "tool_call_update" and str(update.get("toolCallId")) in items:
            _change(items[str(update["toolCallId"])], update, at)
    return Transcript(tuple(steps))


def compact(updates: Iterable[tuple[float, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Updates as they are kept: pieces of one message are joined, nothing else is changed."""
    kept: list[dict[str, Any]] = []
    for at, update in updates:
        last = _mapping(kept[-1]["update"]) if kept else {}
        if _continues(last, update):
            last["content"]["text"] += update["content"]["text"]
        else:
            own = {**update, "content": dict(update["content"])} if update["sessionUpdate"] in _CHUNKS else update
            kept.append({"at": round(at, 4), "update": own})
    return kept


def _continues(last: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
    """Whether `update` is the next piece of the message `last`."""
    same = all(last.get(key) == update.get(key) for key in ("sessionUpdate", "messageId"))
    if not same or update["sessionUpdate"] not in _CHUNKS:
        return False
    return all("text" in _mapping(one.get("content")) for one in (last, update))


def _begins_anew(step: Said | Item) -> bool:
    """Whether what was said before is not the answer."""
    return isinstance(step, Item) or step.kind == "user"


def _say(steps: list[Said | Item], kind: str, text: str) -> None:
    if steps and isinstance(last := steps[-1], Said) and last.kind == kind:
        last.text += text
    else:
        steps.append(Said(kind, text))


def _begun(update: Mapping[str, Any], at: float) -> Item:
    facts = _mapping(_mapping(update.get("_meta")).get(CALL_META))
    function, parent = str(facts.get("function", "")), str(facts.get("parent", ""))
    return Item(str(update["toolCallId"]), str(update.get("title", "")), at, function, parent)


def _change(item: Item, update: Mapping[str, Any], at: float) -> None:
    item.title = update.get("title") or item.title
    item.raw_input = update.get("rawInput") or item.raw_input
    item.raw_output = update.get("rawOutput", item.raw_output)
    if "content" in update:
        blocks = [_mapping(block.get("content")) for block in update["content"]]
        item.texts = [str(block["text"]) for block in blocks if "text" in block]
    if item.is_program:
        item.code = _code(item) or item.code  # the reason why it was dropped stands where the code had been
    status = update.get("status")
    if status in ("in_progress", "completed", "failed"):
        item.status = status
        if status == "in_progress":
            item.started = at
        else:
            item.ended = at


def _code(item: Item) -> str:
    """A program as it will run, or as far as it has been written."""
    shown = item.texts[0] if item.texts and item.texts[0].startswith("```python") else ""
    return str(item.raw_input.get("code", "")) or "\n".join(shown.split("\n")[1:-1])


def _mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
