"""From checked Python to the Python that Monty 1.4 runs: the same meaning, the same lines, other names.

Nothing here is a repair that a user should hear of. Imports of modules that Monty lacks, or has only in part, become
the prelude's; `open` learns the line it is called from; the last expression is shown as a REPL would.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from punie_acp.codemode.lowering.files import (
    exit_codes,
    loose_files,
    opens,
    path_methods,
    printing,
    process_output,
    written_at_once,
)
from punie_acp.codemode.lowering.methods import (
    callbacks,
    encodings,
    held_methods,
    lacking_methods,
    parts_of_matches,
    static_methods,
    text_methods,
)
from punie_acp.codemode.lowering.modules import imports, replaced_parts
from punie_acp.codemode.lowering.statements import (
    assertions,
    byte_strings,
    classes_of,
    deletions,
    dictionaries,
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
    from types import UnionType

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
        for rule in _rules_for(type(node)):
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


_Rule: TypeAlias = "Callable[[Source, ast.AST, set[str]], None]"

_RULES: tuple[tuple[_Rule, type[ast.AST] | UnionType], ...] = (
    (assertions, ast.Assert),
    (deletions, ast.Delete),
    (global_names, ast.Module),
    (path_order, ast.Compare),
    (registrations, ast.FunctionDef),
    (process_output, ast.For | ast.comprehension),
    (byte_strings, ast.Call),
    (kinds, ast.Call),
    (classes_of, ast.Attribute | ast.Call),
    (dictionaries, ast.Call),
    (replaced_parts, ast.Attribute),
    (lacking_methods, ast.Call),
    (encodings, ast.Call),
    (parts_of_matches, ast.Attribute),
    (static_methods, ast.Attribute),
    (lazy_parts, ast.AST),
    (text_methods, ast.Attribute),
    (callbacks, ast.Call),
    (exit_codes, ast.Attribute),
    (imports, ast.Import | ast.ImportFrom),
    (opens, ast.Call),
    (written_at_once, ast.Call),
    (loose_files, ast.Expr),
    (path_methods, ast.Attribute | ast.Call),
    (printing, ast.Call),
    (raising, ast.Call),
    (held_methods, ast.AST),
)
"""The rules, in their order, and the nodes that each is about."""

_CHILDLESS = (
    ast.Name | ast.Constant | ast.alias | ast.expr_context | ast.operator | ast.cmpop | ast.boolop | ast.unaryop
)


@cache
def _rules_for(kind: type[ast.AST]) -> tuple[_Rule, ...]:
    """The rules that a node of `kind` is shown to: most of a program is names, which none is about."""
    return () if issubclass(kind, _CHILDLESS) else tuple(rule for rule, kinds in _RULES if issubclass(kind, kinds))
