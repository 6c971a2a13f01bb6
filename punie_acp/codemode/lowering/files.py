""""""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from punie_acp.codemode.lowering.edits import add_argument, call_prelude, dot_before, is_utf_8

if TYPE_CHECKING:
    from punie_acp.codemode.source import Source


def opens(source: Source, node: ast.AST, own: set[str]) -> None:
    """`open(…)`, `subprocess.Popen(…)`: tell them their line, for the call they make later."""
    if not isinstance(node, ast.Call) or not _is_opener(node.func, own):
        return
    add_argument(source, node, f"_line={source.lines.origin(node.lineno)}")


def _is_opener(function: ast.expr, own: set[str]) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "open" and "open" not in own
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return (function.value.id, function.attr) in _OPENERS
    return False


_OPENERS = {("io", "open"), ("codecs", "open")} | {
    ("subprocess", name) for name in ("Popen", "run", "check_output", "check_call", "call")
}


def written_at_once(source: Source, node: ast.AST, own: set[str]) -> None:
    """`open(…, "w").write(…)`: nothing holds the file, so this write closes it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    opened = node.func.value
    if node.func.attr in {"write", "writelines"} and isinstance(opened, ast.Call):
        path_open = isinstance(opened.func, ast.Attribute) and opened.func.attr == "open"
        if path_open or _is_opener(opened.func, own):
            add_argument(source, opened, "_once=True")


def loose_files(source: Source, node: ast.AST, own: set[str]) -> None:
    """`json.dump(data, open(…, "w"))`: nothing holds the file after this statement, so it is closed then."""
    if not isinstance(node, ast.Expr) or node is source.tree.body[-1]:
        return
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    given = [part for call in calls for part in (*call.args, *(keyword.value for keyword in call.keywords))]
    loose = [part for part in given if isinstance(part, ast.Call) and _opens_for_writing(part, own)]
    for opened in loose:
        add_argument(source, opened, "_loose=True")
    if loose:
        source.insert(source.end(node), "; _close_loose()")


def _opens_for_writing(node: ast.Call, own: set[str]) -> bool:
    path_open = isinstance(node.func, ast.Attribute) and node.func.attr == "open"
    if not path_open and not _is_opener(node.func, own):
        return False
    modes = [
        part.value
        for part in (*node.args[:2], *(keyword.value for keyword in node.keywords))
        if isinstance(part, ast.Constant)
    ]
    return any(isinstance(mode, str) and _WRITING.fullmatch(mode) is not None for mode in modes)


_WRITING = re.compile("[wax][bt+]{0,2}")

_PATH_METHODS = frozenset(
    ["chmod", "expanduser", "is_relative_to", "lstat", "match", "open", "relative_to", "samefile", "touch"]
)


_WITH_LINE = frozenset({"open", "touch"})
"""Methods of paths that become calls later, or in the prelude, and so are told the line they stand in."""


def path_methods(source: Source, node: ast.AST, own: set[str]) -> None:
    """Methods of paths that Monty lacks become the prelude's; those that take less lose what they ignore."""
    del own
    if isinstance(node, ast.Attribute) and node.attr == "parents" and isinstance(node.ctx, ast.Load):
        source.insert(source.start(node), "_path_parents(")
        source.replace(dot_before(source, node), source.end(node), ")")
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    receiver, method = node.func.value, node.func.attr
    if method in _PATH_METHODS and not (isinstance(receiver, ast.Name) and receiver.id in _OTHER_OWNERS):
        if method in _WITH_LINE:
            add_argument(source, node, f"_line={source.lines.origin(node.lineno)}")
        call_prelude(source, node, f"_path_{method}")
    elif method == "resolve" and (node.args or node.keywords):
        call_prelude(source, node, "_path_resolve")
    elif method in {"read_text", "write_text"}:
        _say_encoding(source, node, len(node.args) - (method == "write_text"))


_OTHER_OWNERS = frozenset({"codecs", "io", "os", "re"})


def _say_encoding(source: Source, call: ast.Call, positional: int) -> None:
    """`path.read_text(encoding="latin-1")`: Monty's own take no encoding. Without that of habit, reading needs none."""
    assert isinstance(call.func, ast.Attribute)
    method, keywords = call.func.attr, [keyword for keyword in call.keywords if keyword.arg in _ENCODING_KEYWORDS]
    if positional <= 0 and not keywords:
        return
    said = [*call.args[:1], *(keyword.value for keyword in keywords)]
    if method == "read_text" and len(said) == 1 and len(call.keywords) <= 1 and is_utf_8(said[0]):
        opening = source.part(source.end(call.func), source.end(call)).index("(") + source.end(call.func) + 1
        source.replace(opening, source.end(call) - 1, "")
        return
    add_argument(source, call, f"_line={source.lines.origin(call.lineno)}")
    call_prelude(source, call, f"_path_{method}")


_ENCODING_KEYWORDS = frozenset({"encoding", "errors", "newline"})


def printing(source: Source, node: ast.AST, own: set[str]) -> None:
    """`print(…, file=f)` for any `f` that can write."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and "print" not in own
        and (any(keyword.arg == "file" for keyword in node.keywords) or _redirects(source))
    ):
        source.replace_node(node.func, "_print_to")


def _redirects(source: Source) -> bool:
    return "redirect_std" in source.text or "sys.stdout =" in source.text


def exit_codes(source: Source, node: ast.AST, own: set[str]) -> None:
    """`run_command(…).returncode`: the name that subprocess gives an exit code is understood too."""
    del own
    if isinstance(node, ast.Attribute) and node.attr == "returncode" and isinstance(node.ctx, ast.Load):
        source.insert(source.start(node), "_returncode(")
        source.replace(dot_before(source, node), source.end(node), ")")


def process_output(source: Source, node: ast.AST, own: set[str]) -> None:
    """`for line in process.stdout`: reading it may pause, which a loop over an object cannot."""
    del own
    if not isinstance(node, ast.For | ast.comprehension) or not isinstance(node.iter, ast.Attribute):
        return
    if node.iter.attr in {"stdout", "stderr"}:
        source.wrap(node.iter, "_lines_of(", ")")
