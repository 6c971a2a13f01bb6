"""The plan that a model writes: a Markdown task list in its answer, as ACP plan entries. Nothing is made up.

`- [ ]` is pending, `- [x]` completed, `- [~]` in progress.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from punie_acp.protocol.messages import Params

Status = Literal["pending", "in_progress", "completed"]
LEAST_ENTRIES = 2  # a single box is a remark, not a plan

_MARKS: dict[str, Status] = {" ": "pending", "x": "completed", "X": "completed", "~": "in_progress", "-": "in_progress"}
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[([ xX~-])\]\s+(\S.*?)\s*$")


@dataclass(slots=True)
class PlanReader:
    """Reads the plan out of a turn's answer, line by line as it is written."""

    entries: dict[str, Status] = field(default_factory=dict[str, Status])  # by their text, in order
    _line: str = ""  # the unfinished one
    _message: str = ""  # the id of the message that it belongs to
    _in_code: bool = False
    _is_fresh: bool = True  # no entry of this message has been read

    def read(self, message_id: str, text: str) -> bool:
        """Take in a piece of the answer. True where the plan is another one now."""
        before = dict(self.entries)
        if message_id != self._message:
            self._end_message()
            self._message = message_id
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._take(line)
        return self._is_news(before)

    def end(self) -> bool:
        """The answer is complete. True where its last line made the plan another one."""
        before = dict(self.entries)
        self._end_message()
        return self._is_news(before)

    def update(self) -> Params:
        """The plan as an ACP session update."""
        return {
            "sessionUpdate": "plan",
            "entries": [
                {"content": content, "priority": "medium", "status": status} for content, status in self.entries.items()
            ],
        }

    def _is_news(self, before: dict[str, Status]) -> bool:
        return self.entries != before and len(self.entries) >= LEAST_ENTRIES

    def _end_message(self) -> None:
        self._take(self._line)
        self._line, self._in_code, self._is_fresh = "", False, True

    def _take(self, line: str) -> None:
        if line.lstrip().startswith(("```", "~~~")):
            self._in_code = not self._in_code
        item = None if self._in_code else _ITEM.match(line)
        if item is None:
            return
        mark, content = item[1], item[2]
        if self._is_fresh and content not in self.entries:
            self.entries.clear()  # another message with other steps: another plan
        self._is_fresh = False
        self.entries[content] = _MARKS[mark]
