"""Generator functions as state machines: Monty 1.4 has no `yield`.

    def count(n):                 def count(n):
        while n:                      _at = 0
            yield n                   def _step(_sent, _error):
            n -= 1                        nonlocal _at, n
                                          while True:
                                              _now, _at = _at, -1
                                              if _now == 0: …
                                      return _Generator(_step)

The body is cut into blocks at every `yield` and at every branch around one; each call of `_step` runs blocks until the
next value. A `try` or `with` around a `yield` wraps each of its blocks and sends what is raised to its handler's block.
"""

from __future__ import annotations

import ast
import copy

from punie_acp.codemode.rewriting.blocks import Blocks, Leaver, Loop, Region
from punie_acp.codemode.rewriting.steps import (
    Reraise,
    Yields,
    arguments,
    declared,
    is_cut,
    is_end,
    is_not_none,
    jump,
    pair,
)
from punie_acp.codemode.rewriting.syntax import (
    Function,
    assign,
    at,
    attribute,
    call,
    name,
    number,
    statement,
    store,
    stored_names,
)

FINISHED = -1


def as_state_machine(function: Function) -> ast.FunctionDef:
    """The same generator, as a function that returns a `_Generator` of the prelude."""
    return _Machine(function).build()


class _Machine(Blocks):
    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self.function = function

    def build(self) -> ast.FunctionDef:
        node = self.function
        outer = declared(node, (ast.Global, ast.Nonlocal))
        found = [one for one in stored_names(node.body) if one not in outer]
        self._compile([part for part in node.body if not isinstance(part, ast.Global | ast.Nonlocal)])
        self.emit_finish(None)
        given = {part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)}
        fresh = [one for one in dict.fromkeys([*found, *self.locals]) if one not in given]
        kept = [*fresh, *(one for one in given if one in found)]
        body: list[ast.stmt] = [assign("_at", number(0))]
        if fresh:
            body.append(ast.Assign([store(one) for one in fresh], ast.Constant(None)))
        is_async = isinstance(node, ast.AsyncFunctionDef)
        kind = ast.AsyncFunctionDef if is_async else ast.FunctionDef
        step = kind("_step", arguments("_sent", "_error"), self._steps(["_at", *kept], outer), [])
        body += [step, ast.Return(call("_AsyncGenerator" if is_async else "_Generator", name("_step")))]
        made = ast.FunctionDef(node.name, node.args, at(node, *body), node.decorator_list, None)
        return at(node, made)[0]

    def _steps(self, kept: list[str], outer: dict[str, type]) -> list[ast.stmt]:
        """`while True:` take the state, and run its block."""
        globals_ = [one for one, kind in outer.items() if kind is ast.Global]
        kept = [*kept, *(one for one, kind in outer.items() if kind is ast.Nonlocal)]
        take = ast.Assign(
            [ast.Tuple([store("_now"), store("_at")], ast.Store())],
            ast.Tuple([name("_at"), number(FINISHED)], ast.Load()),
        )
        chain: list[ast.stmt] = [ast.Return(pair(False, ast.Constant(None)))]
        for index in reversed(range(len(self.blocks))):
            test = ast.Compare(name("_now"), [ast.Eq()], [number(index)])
            chain = [ast.If(test, self.wrapped(self.blocks[index]), chain)]
        loop = ast.While(ast.Constant(True), [take, *chain], [])
        declared: list[ast.stmt] = [ast.Nonlocal(kept)]
        return [*([ast.Global(globals_)] if globals_ else []), *declared, loop]

    def _compile(self, body: list[ast.stmt]) -> None:
        for part in body:
            self.line = part if hasattr(part, "lineno") else self.line
            self._statement(part)

    def _statement(self, node: ast.stmt) -> None:
        if not is_cut(node):
            self.emit(*Leaver(self).rewrite(node))
        elif isinstance(node, ast.If):
            self._if(node)
        elif isinstance(node, ast.While):
            self._while(node)
        elif isinstance(node, ast.For):
            self._for(node)
        elif isinstance(node, ast.With):
            self._with(node)
        elif isinstance(node, ast.Try):
            self._try(node)
        elif isinstance(node, ast.Match):
            self._match(node)
        else:
            self._yielding(node)

    # Yields.

    def _yielding(self, node: ast.stmt) -> None:
        """A simple statement with `yield`s in it: each is taken out, in their order."""
        taken = Yields()
        rest = taken.visit(copy.deepcopy(node))
        for target, one in taken.found:
            self.locals.append(target)
            if isinstance(one, ast.Yield):
                self._yield(one.value, target)
            else:
                self._yield_from(one.value, target)
        if isinstance(rest, ast.stmt) and not (isinstance(rest, ast.Expr) and isinstance(rest.value, ast.Name)):
            self._statement(rest)

    def _yield(self, value: ast.expr | None, target: str) -> None:
        after = self.block()
        self.emit(assign("_at", number(after)), ast.Return(pair(True, value or ast.Constant(None))))
        self.current = after
        self.emit(ast.If(is_not_none("_error"), [ast.Raise(name("_error"))], []), assign(target, name("_sent")))

    def _yield_from(self, value: ast.expr, target: str) -> None:
        source = self.local("from")
        self.emit(assign(source, call("_iter", value)))
        head, exit_ = self.block(), self.block()
        self.go(head)
        self.current = head
        item = self.local("item")
        self.emit(assign(item, call("_next", name(source))), ast.If(is_end(item), jump(exit_), []))
        self._yield(name(item), target)
        self.go(head)
        self.current = exit_
        self.emit(assign(target, call("_returned", name(source))))

    # Branches and loops.

    def _if(self, node: ast.If) -> None:
        then, other, after = self.block(), self.block(), self.block()
        self.emit(ast.If(node.test, jump(then), jump(other)))
        for block, body in ((then, node.body), (other, node.orelse)):
            self.current = block
            self._compile(body)
            self.go(after)
        self.current = after

    def _match(self, node: ast.Match) -> None:
        after = self.block()
        starts = [self.block() for _ in node.cases]
        cases = [ast.match_case(case.pattern, case.guard, jump(s)) for case, s in zip(node.cases, starts, strict=True)]
        self.emit(ast.Match(node.subject, cases), *jump(after))
        for start, case in zip(starts, node.cases, strict=True):
            self.current = start
            self._compile(case.body)
            self.go(after)
        self.current = after

    def _while(self, node: ast.While) -> None:
        head, body, other, exit_ = self.block(), self.block(), self.block(), self.block()
        self.go(head)
        self.current = head
        self.emit(ast.If(node.test, jump(body), jump(other)))
        self._loop(node, head, body, other, exit_)

    def _for(self, node: ast.For) -> None:
        source, item = self.local("source"), self.local("item")
        self.emit(assign(source, call("_iter", node.iter)))
        head, body, other, exit_ = self.block(), self.block(), self.block(), self.block()
        self.go(head)
        self.current = head
        self.emit(assign(item, call("_next", name(source))), ast.If(is_end(item), jump(other), []))
        self.emit(ast.Assign([node.target], name(item)))
        self.go(body)
        self._loop(node, head, body, other, exit_)

    def _loop(self, node: ast.While | ast.For, head: int, body: int, other: int, exit_: int) -> None:
        self.loops.append(Loop(head, exit_, len(self.regions)))
        self.current = body
        self._compile(node.body)
        self.go(head)
        self.loops.pop()
        self.current = other
        self._compile(node.orelse)
        self.go(exit_)
        self.current = exit_

    # with and try.

    def _with(self, node: ast.With) -> None:
        first, *more = node.items
        manager, entered = self.local("manager"), self.local("entered")
        self.emit(assign(manager, first.context_expr), assign(entered, call(attribute(manager, "__enter__"))))
        if first.optional_vars:
            self.emit(ast.Assign([first.optional_vars], name(entered)))
        inner: list[ast.stmt] = [ast.With(more, node.body)] if more else node.body
        nothing = [ast.Constant(None)] * 3
        leave = statement(call(attribute(manager, "__exit__"), *nothing))
        error = self.local("error")
        kept = call(attribute(manager, "__exit__"), call("type", name(error)), name(error), ast.Constant(None))
        failed: list[ast.stmt] = [ast.If(ast.UnaryOp(ast.Not(), kept), [ast.Raise(name(error))], [])]
        self._guarded(inner, [leave], error, failed)

    def _guarded(self, body: list[ast.stmt], cleanup: list[ast.stmt], error: str, failed: list[ast.stmt]) -> None:
        """`body`, then `cleanup`; where something is raised in it, `failed`."""
        handler, after = self.block(), self.block()
        outside = self.regions
        self.regions = (*outside, Region(handler, error, cleanup))
        start = self.block()
        self.go(start)
        self.current = start
        self._compile(body)
        self.leave_region(outside)
        self._compile([copy.deepcopy(part) for part in cleanup])
        self.go(after)
        self.current = handler
        self._compile(failed)
        self.go(after)
        self.current = after

    def _try(self, node: ast.Try) -> None:
        if node.finalbody:
            inner = (
                [ast.Try(node.body, node.handlers, node.orelse, [])] if node.handlers else [*node.body, *node.orelse]
            )
            error = self.local("error")
            failed = [*copy.deepcopy(node.finalbody), ast.Raise(name(error))]
            self._guarded(at(node, *inner), node.finalbody, error, failed)
            return
        error = self.local("error")
        handler, after = self.block(), self.block()
        outside = self.regions
        self.regions = (*outside, Region(handler, error))
        start = self.block()
        self.go(start)
        self.current = start
        self._compile(node.body)
        self.leave_region(outside)
        self._compile(node.orelse)
        self.go(after)
        self._handlers(node, handler, after, error)
        self.current = after

    def _handlers(self, node: ast.Try, handler: int, after: int, error: str) -> None:
        """Raise the error again where only the handlers are around it, each of which goes on in a block of its own."""
        starts = [self.block() for _ in node.handlers]
        caught = [
            ast.ExceptHandler(
                one.type, one.name, [*([assign(error, name(one.name))] if one.name else []), *jump(start)]
            )
            for one, start in zip(node.handlers, starts, strict=True)
        ]
        self.current = handler
        self.emit(ast.Try([ast.Raise(name(error))], caught, [], []))
        for one, start in zip(node.handlers, starts, strict=True):
            self.current = start
            self._compile([Reraise(error).visit(copy.deepcopy(part)) for part in one.body])
            self.go(after)
