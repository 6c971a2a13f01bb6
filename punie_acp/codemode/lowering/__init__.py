"""From checked Python to the Python that Monty 1.4 runs: the same meaning, the same lines, other names.

Nothing here is a repair that a user should hear of. Imports of modules that Monty lacks, or has only in part, become
the prelude's; `open` learns the line it is called from; the last expression is shown as a REPL would.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from punie_acp.codemode.lowering.files import exit_codes, opens, path_methods, printing, process_output, written_at_once
from punie_acp.codemode.lowering.methods import callbacks, held_methods, lacking_methods, static_methods, text_methods
from punie_acp.codemode.lowering.modules import imports, replaced_parts
from punie_acp.codemode.lowering.statements import (
    assertions,
    byte_strings,
    deletions,
    global_names,
    kinds,
    lazy_parts,
    path_order,
    raising,
    registrations,
)
from punie_acp.codemode.source import Source, syntax_if_any

if TYPE_CHECKING:
    from collections.abc import Callable

    from punie_acp.codemode.rewriting.emit import Lines


def lower(code: str, earlier_names: frozenset[str] = frozenset(), lines: Lines | None = None) -> str:
    """The text that is fed to Monty. `earlier_names` were bound by earlier programs of the session; `lines` tell where
    those of `code` come from.

    Code that this Python cannot parse is given back as it is: Monty may know newer syntax.
    """
    try:
        source = Source(code)
    except (SyntaxError, ValueError, RecursionError):
        return code
    if lines is not None:
        source.lines = lines
    own = {*source.bound, *earlier_names}
    _show_last(source)
    for node in source.nodes:
        for rule in _RULES:
            rule(source, node, own)
    return _if_valid(source.edited(), code)


def _if_valid(lowered: str, code: str) -> str:
    """`lowered`, unless an unforeseen way of writing broke it: then `code`, which may still run."""
    valid = syntax_if_any(lowered) is not None
    return lowered if valid and lowered.count("\n") == code.count("\n") else code


def _show_last(source: Source) -> None:
    """The value of a last expression, as text: what it prints like is known only inside."""
    if not source.tree.body:
        return
    last = source.tree.body[-1]
    if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Yield | ast.YieldFrom):
        source.wrap(last.value, "_show((", "))")


_RULES: tuple[Callable[[Source, ast.AST, set[str]], None], ...] = (
    assertions,
    deletions,
    global_names,
    path_order,
    registrations,
    process_output,
    byte_strings,
    kinds,
    replaced_parts,
    lacking_methods,
    static_methods,
    lazy_parts,
    text_methods,
    callbacks,
    exit_codes,
    imports,
    opens,
    written_at_once,
    path_methods,
    printing,
    raising,
    held_methods,
)
