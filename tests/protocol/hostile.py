"""Lines that no client should send: messages of every method with something wrong in them, and bytes."""

import json
from copy import deepcopy

FOLDER, SESSION = "FOLDER", "SESSION"  # stand for a folder that is there, and a session that is open
BASE = {"sessionId": SESSION}
OPENING = {"cwd": FOLDER, "mcpServers": []}
SERVER = {"name": "none", "command": "/no/such/program", "args": ["x"], "env": [{"name": "A", "value": "b"}]}
BLOCKS = [
    {"type": "text", "text": "Hello."},
    {"type": "resource_link", "uri": "file:///no/such/file#L1-L3", "name": "file"},
    {"type": "resource", "resource": {"uri": "file:///a", "text": "b", "mimeType": "text/plain"}},
    {"type": "image", "data": "AAAA", "mimeType": "image/png"},
    {"type": "audio", "data": "AAAA", "mimeType": "audio/wav"},
]
CLIENT = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False, "elicitation": {"form": {}}}
PARAMS = {
    "initialize": {"protocolVersion": 1, "clientCapabilities": CLIENT, "clientInfo": {"name": "x", "version": "1"}},
    "authenticate": {"methodId": "none"},
    "logout": {},
    "session/new": OPENING | {"additionalDirectories": [FOLDER]},
    "session/load": BASE | OPENING,
    "session/resume": BASE | OPENING,
    "session/fork": BASE | OPENING | {"mcpServers": [SERVER]},
    "session/list": {"cwd": FOLDER, "cursor": "x"},
    "session/close": BASE,
    "session/delete": BASE,
    "session/set_mode": BASE | {"modeId": "ask"},
    "session/set_config_option": BASE | {"configId": "mode", "value": "ask"},
    "session/prompt": BASE | {"prompt": BLOCKS},
    "session/fly": BASE,
    "session/update": BASE | {"update": {"sessionUpdate": "plan", "entries": []}},
    "fs/read_text_file": BASE | {"path": "/etc/passwd"},
}
NOTIFICATIONS = {"session/cancel": BASE, "$/cancel_request": {"requestId": 1}, "session/prompt": BASE, "x": {}}
OPENS = ("session/new", "session/load", "session/resume", "session/fork")
ODD = [
    None, True, False, 0, -1, 1.5, 2**63, 10**400, 1e308, "", "x", "\x00", "\ud800", "é" * 300, "../..", "/", "/etc",
    "~", "x" * 5000, "%s%n", "'; drop table sessions; --", [], {}, [[]], [None], {"": ""}, {"type": "text"},
    {"_meta": {"cwd": "/etc"}}, {"sessionId": []}, SESSION, FOLDER,
]  # fmt: skip
BYTES = [
    b"", b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"1e999", b"NaN", b"-", b"\\u0000", b"\\ud800", b"\\",
    b"\x00", b"\xff", b"\xc3\x28", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b"\r", b" ", b"\t", b"9" * 400, b"[" * 2000,
    b'{"a":' * 300, b'"id":', b'"method":"initialize",', b"//", b"\x1b[31m",
]  # fmt: skip


def messages(random, number):
    """One message with something wrong in it, most of the time; `number` makes its id its own."""
    if random.random() < 0.12:
        return odd_envelope(random, number)
    name = random.choice(list(PARAMS))
    message = {"jsonrpc": "2.0", "id": f"s{number}", "method": name, "params": mutated(random, PARAMS[name])}
    if name in OPENS and random.random() < 0.97:
        message["params"]["cwd"] = "/no/such/folder"
    if name == "session/prompt" and random.random() < 0.9:
        message["params"]["prompt"] = odd(random)
    if random.random() < 0.1:
        message["params"]["_meta"] = random.choice([odd(random), {"cwd": "/etc", "traceparent": "x"}])
    return message


def odd_envelope(random, number):
    """A notification, an answer to nobody, or a message whose outer members are wrong."""
    kind = random.randrange(4)
    if kind == 0:
        name = random.choice(list(NOTIFICATIONS))
        return {"jsonrpc": "2.0", "method": name, "params": mutated(random, NOTIFICATIONS[name])}
    if kind == 1:
        cancelled = random.choice([f"s{number - 1}", f"s{number - random.randrange(20)}", number, None])
        return {"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": cancelled}}
    if kind == 2:
        answer = {"result": odd(random)} if random.random() < 0.5 else {"error": odd(random)}
        return {"jsonrpc": "2.0", "id": random.choice([1, 2, 3, f"n{number}", odd(random)]), **answer}
    message = {"jsonrpc": "2.0", "id": f"s{number}", "method": "initialize", "params": {"protocolVersion": 1}}
    member = random.choice(list(message))
    if member == "id" or random.random() < 0.3:
        del message[member]
    else:
        message[member] = odd(random)
    return message


def odd(random):
    """Something of the wrong type or size, wherever it stands."""
    return deepcopy(random.choice(ODD))


def mutated(random, value):
    """A copy of `value` with up to three things in it changed."""
    value = deepcopy(value)
    for _ in range(random.randrange(4)):
        place = random_place(random, value)
        if place is None:
            break
        holder, key = place
        change = random.randrange(4)
        if change == 0:
            del holder[key]
        elif change == 1 and isinstance(holder, dict):
            holder[random.choice(["cwd", "sessionId", "prompt", "extra", ""])] = odd(random)
        else:
            holder[key] = odd(random)
    return value


def random_place(random, value):
    """Some container in `value` and a key of it, or None where there is none."""
    place = None
    while isinstance(value, dict | list) and value:
        key = random.choice(list(value) if isinstance(value, dict) else range(len(value)))
        place, value = (value, key), value[key]
        if random.random() < 0.4:
            break
    return place


def encoded(message, session, folder):
    """The line of a message, with the placeholders filled in. Halves of characters are escaped, as JSON allows."""
    line = json.dumps(message, ensure_ascii=True)
    return line.replace(f'"{SESSION}"', json.dumps(session)).replace(f'"{FOLDER}"', json.dumps(folder)).encode()


def broken(random, line):
    """A line with some of its bytes changed."""
    line = bytearray(line)
    for _ in range(random.randrange(1, 5)):
        start = random.randrange(len(line) + 1)
        change = random.randrange(5)
        if change == 0:
            del line[start:]
        elif change == 1:
            del line[start : start + random.randrange(1, 20)]
        elif change == 2:
            line[start:start] = random.choice(BYTES)
        elif change == 3 and line:
            line[start % len(line)] = random.randrange(256)
        else:
            line[start:start] = line[random.randrange(len(line) + 1) :][:200]
    return bytes(line).replace(b"\n", b" ")
