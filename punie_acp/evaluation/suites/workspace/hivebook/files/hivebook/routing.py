"""Which handler answers which address."""

import re
from dataclasses import dataclass
from typing import Callable
from urllib.parse import quote

from hivebook.messages import MethodNotAllowed, NotFound

KINDS = {"": r"[^/]+", "int:": r"\d+", "path:": r".+"}
PLACE = re.compile(r"<(int:|path:|)(\w+)>")


@dataclass(frozen=True)
class Route:
    method: str
    pattern: str
    handler: Callable
    name: str

    def arguments(self, path):
        """The values of the places in the pattern, or None where the path is another."""
        match = re.fullmatch(regular_expression(self.pattern), path)
        return match.groupdict() if match else None


def regular_expression(pattern):
    """ "/hives/<id>" as a regular expression with named groups."""
    parts, end = [], 0
    for place in PLACE.finditer(pattern):
        parts += [re.escape(pattern[end : place.start()]), f"(?P<{place[2]}>{KINDS[place[1]]})"]
        end = place.end()
    return "".join([*parts, re.escape(pattern[end:])])


class Router:
    """Routes in the order in which they were added."""

    def __init__(self, table=()):
        self.routes = [Route(*row) for row in table]

    def match(self, method, path):
        """The handler for a request and its arguments. Raises NotFound or MethodNotAllowed."""
        allowed = set()
        for route in self.routes:
            arguments = route.arguments(path)
            if arguments is None:
                continue
            if route.method == method:
                return route.handler, arguments
            allowed.add(route.method)
        if allowed:
            raise MethodNotAllowed(allowed)
        raise NotFound()

    def url_for(self, name, **values):
        """The address of the route called `name`; values without a place become the query."""
        route = next(route for route in self.routes if route.name == name)
        address = PLACE.sub(lambda place: quote(str(values.pop(place[2])), safe="/"), route.pattern)
        query = "&".join(f"{key}={quote(str(value))}" for key, value in values.items())
        return f"{address}?{query}" if query else address
