"""Which package indexes the user's pip is set up for, read from the places where pip reads it.

Order, the later winning: global, user and environment (virtual environment) pip.conf, `PIP_CONFIG_FILE`, `PIP_*`
variables. Where pip names no index, uv's variables are asked, for a user of uv may have no pip at all.
See https://pip.pypa.io/en/stable/topics/configuration/.
"""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLIENTS = (  # whose help says which index they take where none is set
    (sys.executable, "-m", "pip", "help", "download"),
    ("python3", "-m", "pip", "help", "download"),
    ("uv", "pip", "install", "--help"),
)
_INDEX = re.compile(r"https://[^\s<>()\[\]]+/simple\b")
_SECTIONS = ("global", "download")  # what `pip download` would read
_LISTS = ("extra-index-url", "find-links", "trusted-host")


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where to look for packages, and how to talk to those places. Times in seconds."""

    indexes: tuple[str, ...] = ()  # simple-API roots, http(s) or file URLs
    find_links: tuple[str, ...] = ()  # folders, or pages with links
    certificates: str | None = None  # a bundle instead of the system's
    client_certificate: str | None = None
    trusted_hosts: frozenset[str] = frozenset()  # host or host:port, whose certificate is not checked
    proxy: str | None = None
    timeout: float = 60.0


def load_index_settings(environ: Mapping[str, str] | None = None) -> IndexSettings:
    """pip's settings in force now. A file that cannot be read counts as empty, as pip would fail on it before us."""
    environ = os.environ if environ is None else environ
    values: dict[str, str] = {}
    for file in _config_files(environ):
        values.update(_read(file))
    prefixed = {name: text for name, text in environ.items() if name.startswith("PIP_") and text}
    values.update({name[4:].lower().replace("_", "-"): text for name, text in prefixed.items()})
    return _settings(values, environ)


@cache
def usual_index() -> str:
    """The index that pip or uv takes here where none is set, as its help says; "" without a client."""
    for command in _CLIENTS:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.SubprocessError):
            continue
        if found := _INDEX.search(done.stdout):
            return found[0]
    return ""


def _settings(values: Mapping[str, str], environ: Mapping[str, str]) -> IndexSettings:
    extra, links, trusted = (tuple(values.get(name, "").split()) for name in _LISTS)
    main = values.get("index-url") or environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL")
    main = main or usual_index()
    uv_extra = f"{environ.get('UV_INDEX', '')} {environ.get('UV_EXTRA_INDEX_URL', '')}".split()
    named = tuple(url.partition("=")[2] if url.partition("=")[0].isidentifier() else url for url in (main, *uv_extra))
    no_index = values.get("no-index", "").lower() in ("1", "true", "yes", "on")
    timeout = values.get("timeout") or values.get("default-timeout") or ""
    return IndexSettings(
        indexes=() if no_index else tuple(url for url in (*named[:1], *extra, *named[1:]) if url),
        find_links=links,
        certificates=values.get("cert"),
        client_certificate=values.get("client-cert"),
        trusted_hosts=frozenset(trusted),
        proxy=values.get("proxy"),
        timeout=max(float(timeout), IndexSettings().timeout) if timeout.isdigit() else IndexSettings().timeout,
    )


def _config_files(environ: Mapping[str, str]) -> Iterator[Path]:
    override = environ.get("PIP_CONFIG_FILE")
    if override == os.devnull:
        return
    home = Path(environ.get("HOME", "~")).expanduser()
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep):
        yield Path(folder) / "pip/pip.conf"
    yield Path("/etc/pip.conf")
    if sys.platform == "darwin":
        yield Path("/Library/Application Support/pip/pip.conf")
        yield home / "Library/Application Support/pip/pip.conf"
    yield home / ".pip/pip.conf"
    yield config / "pip/pip.conf"
    yield Path(sys.prefix) / "pip.conf"
    if override:
        yield Path(override)


def _read(file: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return {}
    sections = [parser[name] for name in _SECTIONS if parser.has_section(name)]
    return {key.replace("_", "-"): text for section in sections for key, text in section.items() if text}
