"""Reads and writes the JSON files."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from hivebook.messages import NotFound


@dataclass(frozen=True)
class Keeper:
    id: str
    name: str
    email: str
    since: int


@dataclass(frozen=True)
class Hive:
    id: str
    name: str
    site: str
    keeper: str  # the keeper's id
    kind: str


@dataclass(frozen=True)
class Inspection:
    id: int
    hive: str  # the hive's id
    date: str  # 2025-06-01
    queen: bool  # whether she was seen
    honey: float  # kilograms taken
    note: str = ""


class Store:
    """The data of a folder. Files are read anew each time: they are small, and people edit them."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def keepers(self):
        return [Keeper(**row) for row in self._read("keepers")]

    def hives(self):
        return [Hive(**row) for row in self._read("hives")]

    def inspections(self):
        """All inspections, the newest first."""
        rows = [Inspection(**row) for row in self._read("inspections")]
        return sorted(rows, key=lambda one: (one.date, one.id), reverse=True)

    def keeper(self, id):
        return _only(self.keepers(), id)

    def hive(self, id):
        return _only(self.hives(), id)

    def add_inspection(self, **values):
        """Writes one more inspection and returns it."""
        rows = self._read("inspections")
        new = Inspection(id=max((row["id"] for row in rows), default=0) + 1, **values)
        self._write("inspections", [*rows, asdict(new)])
        return new

    def _read(self, name):
        return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))

    def _write(self, name, rows):
        lines = ",\n".join(" " + json.dumps(row, ensure_ascii=False) for row in rows)
        new = self.folder / f"{name}.json.new"
        new.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        os.replace(new, self.folder / f"{name}.json")


def _only(rows, id):
    for row in rows:
        if row.id == id:
            return row
    raise NotFound(f"there is no {id}")
