"""Commands of an overlay: they run in a copy of the project, and what they change comes back into the overlay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from punie_acp.workspace.base import CommandProgress, CommandResult
from punie_acp.workspace.overlay.checkout import Checkout, CheckoutError, Limits, signature
from punie_acp.workspace.states import disk_state
from punie_acp.workspace.stopping import in_stoppable_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from punie_acp.workspace.local import LocalWorkspace
    from punie_acp.workspace.outputs import Outputs
    from punie_acp.workspace.overlay.changes import Layer
    from punie_acp.workspace.states import State


class Commands:
    """The copy of the project, made for the first command."""

    def __init__(
        self,
        roots: Sequence[Path],
        folder: Path,
        limits: Limits | None,
        variables: Collection[str],
        outputs: Outputs | None,
    ) -> None:
        self._checkout = Checkout(roots, folder, limits or Limits())
        self._variables = variables
        self._outputs = outputs
        self._local: LocalWorkspace | None = None
        self._failure: OSError | None = None
        self._put: dict[Path, State] = {}  # what of the overlay the copy has
        self.stale: set[Path] = set()  # changed by a command, after the originals had changed since they were copied

    async def run(
        self,
        layer: Layer,
        command: str | Sequence[str],
        *,
        cwd: Path,
        timeout: float,
        env: Mapping[str, str] | None,
        stdin: str | None,
        on_progress: Callable[[CommandProgress], Awaitable[None]],
    ) -> CommandResult:
        """Run a command with the overlay in place, and take in what it changed. Raises `CheckoutError`, `OSError`."""
        checkout = self._checkout
        local = await self._made()
        await in_stoppable_thread(lambda _: self._apply(layer))
        before = await in_stoppable_thread(checkout.look)

        async def report(progress: CommandProgress) -> None:
            await on_progress(CommandProgress(checkout.to_original(progress.output), progress.terminal_id))

        line = checkout.to_copy(command) if isinstance(command, str) else [checkout.to_copy(word) for word in command]
        try:
            result = await local.run_command(
                line, cwd=checkout.of(cwd), timeout=timeout, env=env, stdin=stdin, on_progress=report
            )
        except OSError as error:
            raise type(error)(error.errno, checkout.to_original(error.strerror or str(error))) from error
        after = await in_stoppable_thread(checkout.look)
        self._take_in(layer, before, after)
        return _mapped(result, checkout)

    async def _made(self) -> LocalWorkspace:
        if self._failure is not None:
            raise self._failure
        if self._local is None:
            try:
                await in_stoppable_thread(self._checkout.make)
            except OSError as error:
                said = f"this command cannot run in review: {error.strerror or error}"
                self._failure = CheckoutError(error.errno, said)
                await self.close()
                raise self._failure from error
            self._local = self._workspace()
        return self._local

    def _workspace(self) -> LocalWorkspace:
        from punie_acp.workspace.local import LocalWorkspace

        first, *more = self._checkout.copies.values()
        return LocalWorkspace(first, more, variables=self._variables, outputs=self._outputs)

    def _apply(self, layer: Layer) -> None:
        new = {path: state for path, state in layer.now.items() if self._put.get(path) is not state}
        self._checkout.put(new)
        self._put |= new

    def _take_in(self, layer: Layer, before: Mapping[Path, str], after: Mapping[Path, str]) -> None:
        changed = [path for path in {**before, **after} if before.get(path) != after.get(path)]
        for path in sorted(changed):
            state = self._checkout.state(path)
            if state[0].kind == "other" or (state[0].kind == "folder" and path in before and path not in layer.now):
                continue
            self._remember(layer, path)
            layer.now[path] = self._put[path] = state

    def _remember(self, layer: Layer, path: Path) -> None:
        """Note what was below, and whether that is what had been copied."""
        if path in layer.before:
            return
        try:
            now = signature(path.lstat())
        except OSError:
            now = None
        if now != self._checkout.copied.get(path):
            self.stale.add(path)
        layer.before[path] = disk_state(path)

    async def close(self) -> None:
        """Remove the copy."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._checkout.remove)


def _mapped(result: CommandResult, checkout: Checkout) -> CommandResult:
    return CommandResult(
        result.exit_code,
        result.signal,
        checkout.to_original(result.stdout),
        checkout.to_original(result.stderr),
        result.timed_out,
        result.truncated,
        result.crowded,
    )
