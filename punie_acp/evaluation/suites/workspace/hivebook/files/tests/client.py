"""A browser without a network: calls the WSGI application."""

import io
import json
from datetime import date
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults

from hivebook.app import Application
from hivebook.store import Store


class Answer:
    def __init__(self, status, headers, body):
        self.status = int(status.split()[0])
        self.headers = dict(headers)
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    def __init__(self, folder, today=date(2025, 7, 20)):
        self.store = Store(folder)
        self.app = Application(self.store, lambda: today)

    def get(self, address):
        return self.request("GET", address)

    def post(self, address, **form):
        return self.request("POST", address, urlencode(form).encode())

    def request(self, method, address, body=b""):
        path, _, query = address.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.encode("utf-8").decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        setup_testing_defaults(environ)
        begun = []
        parts = self.app(environ, lambda status, headers: begun.append((status, headers)))
        return Answer(*begun[0], b"".join(parts))
