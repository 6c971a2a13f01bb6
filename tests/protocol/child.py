"""`punie-acp --stdio` as a child process for tests that write and read without asyncio, and look at its memory."""

import io
import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
LARGE = 10**9


class Child:
    """A running agent. A thread reads what it says, unless `reading` is False."""

    def __init__(self, home, *, script=None, reading=True, stdin=None, stdout=None, **settings):
        home.mkdir(exist_ok=True)
        self.errors = home / "stderr.txt"
        settings = {"model": "import:tests.scripted:echo_model", **settings}
        if script is not None:
            (home / "script.json").write_text(json.dumps(script))
            settings |= {"model": "import:tests.scripted:model", "test_script": home / "script.json"}
        folders = {f"PUNIE_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "LOG")}
        own = {f"PUNIE_{name.upper()}": str(value) for name, value in settings.items()}
        with self.errors.open("wb") as errors:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "punie_acp", "--stdio"],
                cwd=ROOT,
                env=os.environ | folders | own,
                stdin=stdin or subprocess.PIPE,
                stdout=stdout or subprocess.PIPE,
                stderr=errors,
                bufsize=0,
            )
        self.output = io.BufferedReader(self.popen.stdout) if self.popen.stdout else None
        self.lines = queue.SimpleQueue()
        self.process = psutil.Process(self.popen.pid)
        self._reader = None
        if reading:
            self.start_reading()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Leave as an editor does: close the agent's input, and wait for its end."""
        if self.popen.stdin:
            self.popen.stdin.close()
        try:
            self.popen.wait(10)
        finally:
            self.popen.kill()
            if self._reader:
                self._reader.join()
            if self.output:
                self.output.close()

    def start_reading(self):
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.output:
            self.lines.put(line)
        self.lines.put(b"")

    def write(self, data):
        """Write all of `data`, as raw as it is."""
        view = memoryview(data)
        while view:
            view = view[self.popen.stdin.write(view) :]

    def send(self, *messages):
        self.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    def receive(self, timeout=30):
        """The next message. Fails where the agent has ended, or is silent."""
        line = self.lines.get(timeout=timeout)
        assert line, f"the agent has ended with {self.popen.wait(5)}: {self.errors.read_text()[-2000:]}"
        return json.loads(line)

    def answer(self, number, timeout=30):
        """The answer to request `number`; what comes before is dropped."""
        deadline = time.monotonic() + timeout
        while (message := self.receive(max(0.01, deadline - time.monotonic()))).get(
            "id"
        ) != number or "method" in message:
            pass
        return message

    def ask(self, number, method, params, timeout=30):
        """The result of a request."""
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        answer = self.answer(number, timeout)
        assert "result" in answer, answer
        return answer["result"]

    def session(self, folder):
        """Initialize, and open a session in `folder`; its id."""
        self.ask("initialize", "initialize", {"protocolVersion": 1})
        return self.ask("new", "session/new", {"cwd": str(folder), "mcpServers": []})["sessionId"]

    def prompt(self, number, session, text):
        """A prompt, as a message."""
        params = {"sessionId": session, "prompt": [{"type": "text", "text": text}]}
        return {"jsonrpc": "2.0", "id": number, "method": "session/prompt", "params": params}

    @property
    def resident(self):
        """Megabytes in memory."""
        return self.process.memory_info().rss / 1e6

    @property
    def cpu_seconds(self):
        times = self.process.cpu_times()
        return times.user + times.system


def unlimited():
    """Settings with which a turn may write as much as it likes."""
    names = ("max_request_tokens", "max_turn_tokens", "context_tokens", "max_turn_seconds")
    return dict.fromkeys(names, LARGE)
