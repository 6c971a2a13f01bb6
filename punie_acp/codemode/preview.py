"""What a program will touch, by a look at its text: before it starts, and without running any of it.

Only what stands there as a literal is found. Where a path or command is made of something else, the preview says that
there is more.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Literal

Effect = Literal["read", "write", "run"]
MAX_NODES = 20_000
"""Of a larger program nothing is said: a preview must take less than a millisecond for usual ones."""

_FUNCTIONS: dict[str, tuple[Effect, int]] = {  # the effect, and how many of the first arguments are paths
    "read_file": ("read", 1),
    "list_files": ("read", 1),
    "write_file": ("write", 1),
    "edit_file": ("write", 1),
    "save_definition": ("write", 1),
    "run_command": ("run", 1),
    "glob.glob": ("read", 1),
    "glob.iglob": ("read", 1),
    "os.listdir": ("read", 1),
    "os.scandir": ("read", 1),
    "os.walk": ("read", 1),
    "os.remove": ("write", 1),
    "os.unlink": ("write", 1),
    "os.mkdir": ("write", 1),
    "os.makedirs": ("write", 1),
    "os.rmdir": ("write", 1),
    "os.rename": ("write", 2),
    "os.replace": ("write", 2),
    "os.chmod": ("write", 1),
    "os.removedirs": ("write", 1),
    "os.system": ("run", 1),
    "os.popen": ("run", 1),
    "shutil.rmtree": ("write", 1),
    "shutil.move": ("write", 2),
    "subprocess.run": ("run", 1),
    "subprocess.call": ("run", 1),
    "subprocess.check_call": ("run", 1),
    "subprocess.check_output": ("run", 1),
    "subprocess.getoutput": ("run", 1),
    "subprocess.getstatusoutput": ("run", 1),
    "asyncio.create_subprocess_shell": ("run", 1),
    "subprocess.Popen": ("run", 1),
}
_COPIES = frozenset({"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "os.symlink"})
_TOOLS = frozenset({"run_tests", "type_check", "lint"})
"""Typed functions that run a command of the project's own tools."""
_PATCHED = re.compile(r"^(?:---|\+\+\+) (?:[ab]/)?(?!/dev/null)(\S+)", re.MULTILINE)
_METHODS: dict[str, Effect] = {  # of a `Path`
    "read_text": "read",
    "read_bytes": "read",
    "iterdir": "read",
    "glob": "read",
    "rglob": "read",
    "write_text": "write",
    "write_bytes": "write",
    "unlink": "write",
    "mkdir": "write",
    "rmdir": "write",
    "rename": "write",
    "replace": "write",
    "touch": "write",
    "chmod": "write",
}
_CHANGING_METHODS = frozenset({"write_text", "write_bytes", "unlink", "touch", "read_text", "read_bytes", "iterdir"})
"""Methods that only a path has, so that one on a name that is not known to be a path means a path, too."""
_NAMES = {"path", "pattern", "command", "args", "file", "src", "dst"}
_MODULES = {name.partition(".")[0] for name in _FUNCTIONS if "." in name} | {"pathlib"}


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of a program's effects. Names as they stand in it, in order, each once."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    others: tuple[Effect, ...] = ()  # effects of which some depend on the program's data

    def sentences(self) -> list[str]:
        """For people: "Writes src/a.py, and others that depend on its data"."""
        named: list[tuple[str, Effect, tuple[str, ...]]] = [
            ("Reads", "read", self.reads),
            ("Writes", "write", self.writes),
            ("Runs", "run", self.runs),
        ]
        return [
            _sentence(verb, names, more=effect in self.others)
            for verb, effect, names in named
            if names or effect in self.others
        ]


def preview(code: str) -> Preview:
    """What `code` will touch. Empty where it is no Python, or too long to be looked at."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Preview()
    if len(nodes) > MAX_NODES:
        return Preview()
    look = _Look(_aliases(nodes), _literals(nodes))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        look.at(call)
    return look.seen()


class _Look:
    """Goes over the calls of a program."""

    def __init__(self, aliases: dict[str, str], literals: dict[str, str]) -> None:
        self._aliases = aliases  # by the name in the program what it was imported as: "Path" is "pathlib.Path"
        self._literals = literals  # names that have one literal all along
        self._found: dict[Effect, dict[str, None]] = {"read": {}, "write": {}, "run": {}}
        self._others: dict[Effect, None] = {}

    def seen(self) -> Preview:
        found = self._found
        return Preview(tuple(found["read"]), tuple(found["write"]), tuple(found["run"]), tuple(self._others))

    def at(self, call: ast.Call) -> None:
        """Take note of what one call does."""
        name = self._name(call.func)
        if name == "open":
            self._note("write" if set(_mode(call)) & set("wax+") else "read", self._argument(call, 0))
        elif name == "search":
            self._others["read"] = None
        elif name in _TOOLS:
            self._note("run", name)
        elif name == "apply_patch":
            for path in _PATCHED.findall(self._argument(call, 0) or "") or [None]:
                self._note("write", path)
        elif name in _COPIES:
            self._note("read", self._argument(call, 0))
            self._note("write", self._argument(call, 1))
        elif name in _FUNCTIONS:
            effect, count = _FUNCTIONS[name]
            for index in range(count):
                self._note(effect, self._argument(call, index))
        elif isinstance(call.func, ast.Attribute):
            self._method(call, call.func)

    def _method(self, call: ast.Call, function: ast.Attribute) -> None:
        path, method = self._path(function.value), function.attr
        if method == "open" and (path is not None or self._is_path(function.value)):
            mode = _mode(call, index=0)
            self._note("write" if set(mode) & set("wax+") else "read", path)
        elif method in _METHODS and (path is not None or self._is_path(function.value) or method in _CHANGING_METHODS):
            shown = path
            if method in ("glob", "rglob"):
                pattern = self._argument(call, 0)
                shown = None if path is None or pattern is None else f"{path}/{pattern}".removeprefix("./")
            self._note(_METHODS[method], shown)
            if method in ("rename", "replace"):
                self._note("write", self._argument(call, 0))

    def _note(self, effect: Effect, shown: str | None) -> None:
        if shown is None:
            self._others[effect] = None
        else:
            self._found[effect][shown] = None

    def _name(self, function: ast.expr) -> str:
        """`subprocess.run` for a call of that, also where it was imported under another name."""
        if isinstance(function, ast.Name):
            return self._aliases.get(function.id, function.id)
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            return f"{self._aliases.get(function.value.id, function.value.id)}.{function.attr}"
        return ""

    def _argument(self, call: ast.Call, index: int) -> str | None:
        if index < len(call.args):
            return self.text(call.args[index])
        if index == 0:
            return next((self.text(word.value) for word in call.keywords if word.arg in _NAMES), None)
        return None

    def text(self, node: ast.expr) -> str | None:
        """The text of a literal, of a path made of some, or of a list of words."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.List | ast.Tuple):
            words = [self.text(word) for word in node.elts]
            return " ".join(word for word in words if word is not None) if words and None not in words else None
        return self._path(node)

    def _path(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self._literals.get(node.id)
        if isinstance(node, ast.Call) and self._is_path(node):
            parts = [self.text(part) for part in node.args]
            return "/".join(part for part in parts if part) or "." if None not in parts else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            left, right = self.text(node.left), self.text(node.right)
            return None if left is None or right is None else f"{left}/{right}".removeprefix("./")
        return None

    def _is_path(self, node: ast.expr) -> bool:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return self._is_path(node.left)
        return isinstance(node, ast.Call) and self._name(node.func) in ("pathlib.Path", "Path", "os.path.join")


def _aliases(nodes: list[ast.AST]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {name.asname: name.name for name in node.names if name.asname}
        elif isinstance(node, ast.ImportFrom) and node.module in _MODULES:
            found |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
    return found


def _literals(nodes: list[ast.AST]) -> dict[str, str]:
    """Names that are bound once in the program, to a literal text or a path of one."""
    bound: dict[str, list[ast.expr | None]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            bound.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.setdefault(node.id, []).append(None)
        elif isinstance(node, ast.arg):
            bound.setdefault(node.arg, []).append(None)
    look = _Look(_aliases(nodes), {})
    found: dict[str, str] = {}
    for name, values in bound.items():
        given = [value for value in values if value is not None]
        if len(given) == 1 and len(values) == 2:  # the assignment, and its target as a name
            text = look.text(given[0])
            if text is not None:
                found[name] = text
    return found


def _mode(call: ast.Call, index: int = 1) -> str:
    """How a file is opened; "w" where that is not to be seen, because it could be."""
    given = call.args[index] if len(call.args) > index else None
    given = given or next((word.value for word in call.keywords if word.arg == "mode"), None)
    if given is None:
        return "r"
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else "w"


def _sentence(verb: str, names: tuple[str, ...], *, more: bool) -> str:
    shown = ", ".join(f"`{name}`" for name in names)
    if not names:
        return f"{verb} what depends on its data"
    return f"{verb} {shown}" + (", and others that depend on its data" if more else "")
