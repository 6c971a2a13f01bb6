"""A stand-in for the Hugging Face hub: enough of its API for huggingface_hub to list and fetch files."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".gguf")  # kept by the hub as large files, with a SHA-256


@dataclass
class Hub:
    """One repository: what its listing says is in `files`, what arrives may be replaced in `delivered`."""

    repository: str
    files: dict[str, bytes]
    delivered: dict[str, bytes] = field(default_factory=dict)
    stop_after: int | None = None  # file bytes in all, after which answers hang until `go_on` is set
    go_on: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    sent: int = 0
    requests: list[str] = field(default_factory=list)  # "file" or "file from byte n"


@contextmanager
def serving_hub(hub: Hub) -> Generator[Hub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        hub.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith(f"/api/models/{self.hub.repository}"):
            self._listing()
        elif path.startswith(f"/{self.hub.repository}/resolve/{COMMIT}/"):
            self._file(path.rpartition("/")[2])
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _listing(self) -> None:
        siblings = [
            {
                "rfilename": name,
                "size": len(content),
                "blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
                "lfs": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
                if name.endswith(LARGE)
                else None,
            }
            for name, content in self.hub.files.items()
        ]
        body = json.dumps({"id": self.hub.repository, "sha": COMMIT, "siblings": siblings}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _file(self, name: str) -> None:
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.hub.requests.append(name + (f" from byte {start}" if start else ""))
        content = self.hub.delivered.get(name, self.hub.files[name])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        for position in range(start, len(content), 4096):
            if self.hub.stop_after is not None and self.hub.sent >= self.hub.stop_after and not self.hub.go_on.is_set():
                self.wfile.flush()
                self.hub.stopped.set()
                self.hub.go_on.wait(30)
                return
            self.wfile.write(content[position : position + 4096])
            self.hub.sent += 4096

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            return  # the client was killed

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        del format, args
