"""Requests and responses, on top of WSGI."""

import json
from http import HTTPStatus
from urllib.parse import parse_qs

MOST_BYTES = 64 * 1024


class HTTPError(Exception):
    """Ends a request with a status other than 200."""

    status = 500

    def __init__(self, message=""):
        super().__init__(message or HTTPStatus(self.status).phrase)


class BadRequest(HTTPError):
    status = 400


class NotFound(HTTPError):
    status = 404


class TooLarge(HTTPError):
    status = 413


class MethodNotAllowed(HTTPError):
    status = 405

    def __init__(self, allowed):
        super().__init__()
        self.allowed = sorted(allowed)


class Request:
    """What the browser wants: method, path, query and form."""

    def __init__(self, environ):
        self.environ = environ
        self.method = environ["REQUEST_METHOD"]
        self.path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace") or "/"
        self.query = _first(environ.get("QUERY_STRING", ""))

    @property
    def form(self):
        """The fields of a form; of a field that comes twice, the first."""
        return _first(self.body().decode("utf-8", "replace"))

    def body(self):
        try:
            length = int(self.environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            raise BadRequest("Content-Length is no number") from None
        if length > MOST_BYTES:
            raise TooLarge()
        return self.environ["wsgi.input"].read(length)


def _first(text):
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


class Response:
    """A body with a status and headers."""

    def __init__(self, body="", status=200, content_type="text/html; charset=utf-8", headers=()):
        self.body = body.encode("utf-8") if isinstance(body, str) else body
        self.status = status
        self.headers = [("Content-Type", content_type), ("Content-Length", str(len(self.body))), *headers]

    @property
    def status_line(self):
        return f"{self.status} {HTTPStatus(self.status).phrase}"


def as_json(value, status=200):
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return Response(text, status, "application/json; charset=utf-8")


def see_other(address):
    """Sends the browser on, with GET, after a form was dealt with."""
    return Response("", 303, headers=[("Location", address)])
