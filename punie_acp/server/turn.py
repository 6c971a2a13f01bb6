"""One prompt turn: the prompt in, updates out, one stop reason at the end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
from acp import schema

from punie_acp.agent.agent import TurnRequest, run_turn
from punie_acp.agent.events import TextDelta, ThoughtDelta
from punie_acp.agent.history import compacted
from punie_acp.logs import log_context
from punie_acp.server.journal import log_event, logger
from punie_acp.server.questions import permission_request
from punie_acp.server.updates import Updates, call_question

if TYPE_CHECKING:
    from punie_acp.agent.agent import TurnResult
    from punie_acp.agent.events import AgentEvent
    from punie_acp.codemode.events import CallRequested, Decision
    from punie_acp.server.permissions import Answer, Question
    from punie_acp.server.session import Session


class Turn:
    """Watches the agent for one prompt of `session`, and tells its client."""

    def __init__(self, session: Session, number: int) -> None:
        self.turn_id = f"t{number}"
        self._session = session
        self._updates = Updates(session.send)
        self._log = logger(session.settings, "turn")

    async def run(self, prompt: str) -> schema.PromptResponse:
        """Answer `prompt`. A turn that is cancelled or fails leaves no open call."""
        with log_context(session=self._session.session_id, turn=self.turn_id):
            self._log.info("turn began", prompt=prompt)
            response = await self._run(prompt)
            self._log.info("turn ended", stop_reason=response.stop_reason, usage=response.field_meta)
        return response

    async def _run(self, prompt: str) -> schema.PromptResponse:
        try:
            result = await self._answer_in_time(prompt)
        except BaseException as error:
            self._log.info("turn broke off", error=type(error).__name__)
            with anyio.CancelScope(shield=True), anyio.move_on_after(1), suppress(anyio.BrokenResourceError):
                await self._updates.fail_open("The turn ended before this did.")
            raise
        return await self._finish(result)

    async def _answer_in_time(self, prompt: str) -> TurnResult:
        """As `_answer`, while the updates that were held back are sent when their time has come."""
        result: TurnResult | Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._updates.keep_up)
            try:
                result = await self._answer(prompt)
            except Exception as error:  # noqa: BLE001 - raised below, not as a group
                result = error
            tasks.cancel_scope.cancel()
        if isinstance(result, Exception):
            raise result
        assert result is not None
        return result

    async def _answer(self, prompt: str) -> TurnResult:
        session, settings = self._session, self._session.settings
        ready = await session.models.get(session.model, on_wait=self._say)
        if ready.warning and not session.history:
            await self._say(ready.warning)
        budget = (ready.context_tokens or settings.context_tokens) - settings.max_request_tokens
        request = TurnRequest(
            prompt=prompt,
            turn_id=self.turn_id,
            model=ready.model,
            history=compacted(session.history, budget),
            cache_key=session.session_id,
        )
        sandbox = await session.sandbox()
        return await run_turn(request, sandbox=sandbox, observer=self, settings=settings, remember=session.remember)

    async def _finish(self, result: TurnResult) -> schema.PromptResponse:
        session, usage = self._session, result.usage
        if result.reason:
            await self.emit(TextDelta(f"{self.turn_id}/end", f"\n\nStopped: {result.reason}"))
        await self._updates.fail_open("The turn ended before this did.")
        if usage.context_tokens:
            await session.send(
                schema.UsageUpdate(
                    session_update="usage_update", used=usage.context_tokens, size=session.settings.context_tokens
                )
            )
        return schema.PromptResponse(stop_reason=result.end, field_meta={"punie.dev/usage": _usage_meta(result)})

    async def _say(self, notice: str) -> None:
        """A notice that is not part of the answer."""
        await self.emit(ThoughtDelta(f"{self.turn_id}/notice", notice + "\n"))

    async def emit(self, event: AgentEvent) -> None:
        """Pass `event` on to the client."""
        log_event(self._log, event)
        await self._updates.emit(event)

    async def permit(self, call: CallRequested) -> Decision:
        """Decide about `call`, asking the user where the mode and what was remembered leave it open."""
        return await self._session.permissions.decide(call, self._ask)

    async def _ask(self, call: CallRequested, question: Question) -> Answer:
        request = permission_request(self._session.session_id, call_question(call), question)
        return await self._session.request_permission(request)


def _usage_meta(result: TurnResult) -> dict[str, object]:
    usage = result.usage
    return {
        "modelRequests": usage.model_requests,
        "programs": usage.programs,
        "externalCalls": usage.external_calls,
        "inputTokens": usage.input_tokens,
        "cachedTokens": usage.cached_tokens,
        "outputTokens": usage.output_tokens,
        "prefillSeconds": round(usage.prefill_seconds, 3),
        "decodeSeconds": round(usage.decode_seconds, 3),
        "firstTokenSeconds": None if usage.first_token_seconds is None else round(usage.first_token_seconds, 3),
        "seconds": round(usage.seconds, 3),
    }
