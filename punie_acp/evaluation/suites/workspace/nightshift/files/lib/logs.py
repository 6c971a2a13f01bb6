"""The log of a night, line by line."""

import re
from typing import NamedTuple

LINE = re.compile(r"(\S+) ([A-Z]+) ([\w-]+)\[([\w-]+)\] (.*)")


class Entry(NamedTuple):
    time: str
    level: str
    job: str
    host: str
    message: str


def parse(line):
    """The entry of a line, or None where it is none."""
    found = LINE.fullmatch(line.strip())
    return Entry(*found.groups()) if found else None


def read(file):
    """The entries of a file. Other lines are left out."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [entry for entry in map(parse, lines) if entry]


def megabytes(entries):
    """What was copied by host, from lines such as `finished in 184 s, 1240 MB`."""
    total = {}
    for entry in entries:
        if found := re.search(r"(\d+) MB", entry.message):
            total[entry.host] = total.get(entry.host, 0) + int(found[1])
    return total
