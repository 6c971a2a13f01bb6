"""nav.yml: the site's name and its pages in order. As much YAML as that file needs."""

from typing import NamedTuple


class Entry(NamedTuple):
    title: str
    path: str


def read(text):
    """The settings of the site, and its entries."""
    settings, entries = {}, []
    for line in text.splitlines():
        if line.startswith("  - "):
            title, path = line[4:].rsplit(": ", 1)
            entries.append(Entry(title, path.strip()))
        elif ": " in line:
            key, value = line.split(": ", 1)
            settings[key] = value.strip()
    return settings, entries
