"""Finds the one wheel of a project and version, in package indexes and link folders.

Indexes speak the simple repository API, as JSON (PEP 691) or HTML (PEP 503); `file:` indexes are folders of pages.
"""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from punie_acp.weights.errors import NetworkError
from punie_acp.weights.web import NotFoundError, Web, shown

if TYPE_CHECKING:
    from punie_acp.weights.index_settings import IndexSettings

_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


@dataclass(frozen=True, slots=True)
class Link:
    """A file that an index offers."""

    name: str
    url: str
    sha256: str | None
    size: int | None  # bytes, where the index says so


def find_wheel(project: str, version: str, settings: IndexSettings, web: Web) -> Link:
    """The wheel `project`==`version`, from the first place that has it. Raises `NetworkError` if none has."""
    failures: list[str] = []
    pages = [f"{index.rstrip('/')}/{_normal(project)}/" for index in settings.indexes]
    for place in (*settings.find_links, *pages):
        try:
            links = _links(place, web)
        except NotFoundError:
            continue
        except NetworkError as error:
            failures.append(str(error))
            continue
        for link in links:
            if _is_wheel_of(link.name, project, version):
                return link
    if failures:
        raise NetworkError(failures[0])
    places = ", ".join(shown(place) for place in settings.indexes) or "no package index (no-index is set)"
    raise NetworkError(f"{project} {version} is not on {places}.")


def _links(place: str, web: Web) -> list[Link]:
    if urllib.parse.urlsplit(place).scheme in ("http", "https"):
        kind, text = web.page(place, _ACCEPT)
        return _from_json(text, place) if kind == _JSON else _from_html(text, place)
    folder = Path(urllib.request.url2pathname(urllib.parse.urlsplit(place).path)) if "://" in place else Path(place)
    page = folder / "index.html"
    if page.is_file():
        return _from_html(page.read_text(encoding="utf-8"), folder.absolute().as_uri() + "/")
    files = [file for file in folder.expanduser().glob("*.whl") if file.is_file()]
    return [Link(file.name, file.absolute().as_uri(), None, file.stat().st_size) for file in files]


def _from_json(text: str, base: str) -> list[Link]:
    try:
        files = cast("list[dict[str, Any]]", json.loads(text)["files"])
        return [
            Link(
                file["filename"],
                urllib.parse.urljoin(base, file["url"]),
                file.get("hashes", {}).get("sha256"),
                file.get("size"),
            )
            for file in files
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NetworkError(f"{shown(base)} answers with something that is not a package index.") from error


def _from_html(text: str, base: str) -> list[Link]:
    parser = _Anchors()
    parser.feed(text)
    return [_from_anchor(urllib.parse.urljoin(base, href)) for href in parser.targets]


def _from_anchor(url: str) -> Link:
    address, _, fragment = url.partition("#")
    sums = urllib.parse.parse_qs(fragment)
    name = urllib.parse.unquote(urllib.parse.urlsplit(address).path.rpartition("/")[2])
    return Link(name, address, sums.get("sha256", [None])[0], None)


class _Anchors(HTMLParser):
    """Collects the targets of all links on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and (target := dict(attrs).get("href")):
            self.targets.append(target)


def _normal(project: str) -> str:
    return re.sub(r"[-_.]+", "-", project).lower()


def _is_wheel_of(file: str, project: str, version: str) -> bool:
    parts = file.removesuffix(".whl").split("-")
    return file.endswith(".whl") and len(parts) >= 5 and _normal(parts[0]) == _normal(project) and parts[1] == version
