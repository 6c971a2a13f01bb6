"""The blocks that a generator's body is cut into, the `try`s around them, and the ways out of both."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field

from punie_acp.codemode.rewriting.steps import jump, pair
from punie_acp.codemode.rewriting.syntax import Scope, assign, at, name


@dataclass(slots=True)
class Region:
    """A `try` around blocks: where what is raised in them goes, and what is done on every way out."""

    handler: int
    error: str  # the variable that holds what was raised
    cleanup: list[ast.stmt] = field(default_factory=list[ast.stmt])


@dataclass(slots=True)
class Block:
    """Statements that run without a pause, and the regions around them, the outermost first."""

    body: list[ast.stmt]
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop that is cut into blocks: where `continue` and `break` go."""

    head: int
    exit: int
    depth: int  # regions around it


class Blocks:
    """A program of blocks that is being written: statements go into the current one."""

    def __init__(self, line: ast.AST) -> None:
        self.blocks: list[Block] = []
        self.regions: tuple[Region, ...] = ()
        self.loops: list[Loop] = []
        self.locals: list[str] = []
        self.number = 0
        self.current = self.block()
        self.line = line  # where what is emitted came from

    def block(self) -> int:
        """The number of a new block inside the regions that are open."""
        self.blocks.append(Block([], self.regions))
        return len(self.blocks) - 1

    def emit(self, *statements: ast.stmt) -> None:
        """Append to the current block."""
        self.blocks[self.current].body += at(self.line, *statements)

    def go(self, target: int) -> None:
        """End the current block: go on with `target`."""
        self.emit(*jump(target))

    def local(self, kind: str) -> str:
        """The name of a new variable of the generator."""
        self.number += 1
        self.locals.append(f"_{kind}_{self.number}")
        return self.locals[-1]

    def wrapped(self, block: Block) -> list[ast.stmt]:
        """The statements of `block` with its regions around them."""
        body: list[ast.stmt] = block.body or [ast.Pass()]
        for region in reversed(block.regions):
            caught: list[ast.stmt] = [assign(region.error, name("_caught_error")), *jump(region.handler)]
            body = [ast.Try(body, [ast.ExceptHandler(name("BaseException"), "_caught_error", caught)], [], [])]
        return body

    def leave_region(self, outside: tuple[Region, ...]) -> None:
        """Go on in a block outside of the innermost region."""
        self.regions = outside
        block = self.block()
        self.go(block)
        self.current = block

    def leave(self, depth: int) -> list[ast.stmt]:
        """What is done on the way out of the regions from the innermost down to `depth`."""
        return [copy.deepcopy(part) for region in reversed(self.regions[depth:]) for part in region.cleanup]

    def finish(self, value: ast.expr | None) -> list[ast.stmt]:
        """`return value`."""
        result = value or ast.Constant(None)
        before = self.leave(0)
        if before and value is not None:
            self.locals.append("_result")
            before, result = [assign("_result", value), *before], name("_result")
        return [*before, ast.Return(pair(False, result))]

    def emit_finish(self, value: ast.expr | None) -> None:
        """Append `return value`."""
        self.emit(*self.finish(value))


class Leaver(ast.NodeTransformer):
    """`return`, `break` and `continue` in a statement that is not cut: the ways out of the loops that are."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.inside = 0  # loops that stay loops

    def rewrite(self, node: ast.stmt) -> list[ast.stmt]:
        """`node` with its ways out."""
        made = self.visit(node)
        return made if isinstance(made, list) else [made] if isinstance(made, ast.stmt) else []

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:  # type: ignore[override]
        """As `NodeTransformer` has it; nested functions and classes keep their own ways out."""
        if isinstance(node, Scope):
            return node
        if isinstance(node, ast.Return):
            return at(node, *self.blocks.finish(node.value))
        if isinstance(node, ast.Break | ast.Continue) and not self.inside and self.blocks.loops:
            loop = self.blocks.loops[-1]
            target = loop.exit if isinstance(node, ast.Break) else loop.head
            return at(node, *self.blocks.leave(loop.depth), *jump(target))
        if isinstance(node, ast.For | ast.While):
            self.inside += 1
            self.generic_visit(node)
            self.inside -= 1
            return node
        return self.generic_visit(node)
