import re
from dataclasses import dataclass
from datetime import datetime
from typing import Iterator, Optional

@dataclass
class Entry:
    when: datetime
    level: str
    message: str

    @classmethod
    def parse(cls, line: str) -> Optional["Entry"]:
        m = re.match(r"(\S+ \S+) (\w+) (.*)$", line)
        if not m:
            return None
        return cls(datetime.strptime(m[1], "%Y-%m-%d %H:%M:%S"), m[2], m[3])

def entries(path: str) -> Iterator[Entry]:
    with open(path) as f:
        for line in f:
            if entry := Entry.parse(line):
                yield entry

all_entries = list(entries("logs/app.log"))
errors = [e for e in all_entries if e.level == "ERROR"]
print(len(all_entries), len(errors), errors[0].when.isoformat())
print(max(all_entries, key=lambda e: len(e.message)).message)
