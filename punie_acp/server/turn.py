"""One prompt turn: the prompt in, updates out, one stop reason at the end."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from punie_acp.agent.agent import run_turn
from punie_acp.agent.events import ProgramWritten, TextDelta, ThoughtDelta
from punie_acp.agent.history import compacted
from punie_acp.agent.instructions import change_step
from punie_acp.agent.models import ModelUnavailableError
from punie_acp.agent.request import Begun, TurnRequest
from punie_acp.codemode.events import Decision
from punie_acp.logs import log_context
from punie_acp.protocol.errors import RpcError
from punie_acp.server.commands import find_command
from punie_acp.server.failures import of_turn
from punie_acp.server.journal import log_event, logger
from punie_acp.server.keeping import StoreKeeper
from punie_acp.server.named import looks_of
from punie_acp.server.plans import PlanReader
from punie_acp.server.prompts import has_media, media_in, prompt_text
from punie_acp.server.questions import permission_request
from punie_acp.server.replay import message_chunk
from punie_acp.server.resuming import give_up
from punie_acp.server.review import ReviewedPrograms
from punie_acp.server.transcript import Transcript
from punie_acp.server.undo import begin_turn, notices
from punie_acp.server.updates import Updates, call_question
from punie_acp.workspace.mentions import command_to_run, names_of_project, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_ai.messages import ModelMessage

    from punie_acp.agent.agent import TurnResult
    from punie_acp.agent.events import AgentEvent
    from punie_acp.agent.models import ReadyModel
    from punie_acp.agent.request import Media
    from punie_acp.codemode.events import CallRequested
    from punie_acp.protocol.messages import Params
    from punie_acp.server.permissions import Answer, Question
    from punie_acp.server.prompts import PromptBlock
    from punie_acp.server.resuming import Resumption
    from punie_acp.server.session import Session


async def run_prompt(session: Session, blocks: Sequence[PromptBlock]) -> Params:
    """Answer a prompt of `session`, by a command or by the model: the result of `session/prompt`.

    Raises `RpcError`, for content that cannot be read before anything has happened.
    """
    text, media = await _read(session, blocks)
    number = session.next_turn()
    transcript = Transcript(session, number)
    transcript.begin([block.model_dump(mode="json", by_alias=True, exclude_none=True) for block in blocks])
    try:
        return await _run(session, number, transcript, blocks, text, media)
    except Exception as error:
        transcript.fail(error.message if isinstance(error, RpcError) else type(error).__name__)
        transcript.end(None)
        raise
    except BaseException:
        transcript.end("cancelled")
        raise


async def _read(session: Session, blocks: Sequence[PromptBlock]) -> tuple[str, tuple[Media, ...]]:
    """The text of a prompt, and what only some models take. Raises `UnsupportedContentError` where not this one."""
    try:
        if not has_media(blocks):
            return await prompt_text(blocks, session.workspace), ()
        ready = await session.services.models.get(session.options.model)
        return await prompt_text(blocks, session.workspace, ready.takes), media_in(blocks)
    except ModelUnavailableError as error:
        raise of_turn(error) from error


async def _run(
    session: Session,
    number: int,
    transcript: Transcript,
    blocks: Sequence[PromptBlock],
    text: str,
    media: tuple[Media, ...],
) -> Params:
    invocation = find_command(blocks)
    if invocation is not None:
        session.pass_over(number)
        said = await invocation.run(session)
        session.pass_over(number)  # it may have gone on with an earlier turn
        if said:
            await transcript.tell(message_chunk(f"t{number}/m1", said))
        transcript.end("end_turn")
        return {"stopReason": "end_turn"}
    await give_up(session)
    session.entitle([block.model_dump(mode="json", by_alias=True, exclude_none=True) for block in blocks])
    return await Turn(session, number, transcript, media).run(text)


class Turn:
    """Watches the agent for one prompt of `session`, and tells its client."""

    def __init__(
        self,
        session: Session,
        number: int,
        transcript: Transcript,
        media: tuple[Media, ...] = (),
        resumption: Resumption | None = None,
    ) -> None:
        """`resumption`: another process has begun it."""
        self.number = number
        self._resumption = resumption
        self._keeper = StoreKeeper(session.services.store, session.session_id, number)
        self._media = media
        self.turn_id = f"t{number}"
        self._session = session
        self._transcript = transcript
        self._updates = Updates(
            transcript.tell,
            session.services.client.capabilities,
            root=session.workspace.root,
            known=resumption.interrupted.shown if resumption else None,
        )
        self._plan = PlanReader()
        self._programs: ReviewedPrograms | None = None
        self._log = logger(session.services.settings, "turn")

    async def run(self, prompt: str | None) -> Params:
        """Answer `prompt`, or go on where there is none. A turn that is cancelled or fails leaves no open call.

        Raises `RpcError`.
        """
        with log_context(session=self._session.session_id, turn=self.turn_id):
            self._log.info("turn began", prompt=prompt, client=str(self._session.services.client))
            try:
                result = await self._answer_in_time(prompt)
            except BaseException as error:
                self._log.info("turn broke off", error=type(error).__name__)
                await self._break_off()
                if isinstance(error, Exception):
                    raise of_turn(error) from error
                raise
            finally:
                self._keeper.close()
            usage = _usage_meta(result)
            self._log.info("turn ended", stop_reason=result.end, usage=usage)
            return await self._finish(result, usage)

    async def _break_off(self) -> None:
        with anyio.CancelScope(shield=True), anyio.move_on_after(1), suppress(anyio.BrokenResourceError):
            await self._updates.fail_open("The turn ended before this did.")
            await self._session.tell_title()

    async def _answer_in_time(self, prompt: str | None) -> TurnResult:
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

    async def _answer(self, prompt: str | None) -> TurnResult:
        session = self._session
        async with session.services.models.using(session.options.model, on_wait=self._say) as ready:
            request = await self._request(ready, prompt) if prompt is not None else self._request_to_go_on(ready)
            if ready.warning and not request.history:
                await self._say(ready.warning)
            sandbox = await session.background.sandbox()
            for news in session.background.mcp.news() if session.background.mcp else ():
                await self._say(news)
            begin_turn(session.workspace, self.turn_id)
            going_on = self._resumption.going_on if self._resumption else None
            self._programs = ReviewedPrograms(sandbox, session, self._transcript.tell, self._keeper, going_on)
            try:
                result = await run_turn(
                    request, sandbox=self._programs, observer=self, settings=session.settings, remember=self._remember
                )
            finally:
                await self._programs.close()
            if plan := self._programs.planning.text():
                await self.emit(TextDelta(f"{self.turn_id}/plan", plan))
            for notice in notices(session.workspace):
                await self._say(notice)
            await self._tell_usage(result, ready)
            return result

    def _remember(self, messages: list[ModelMessage]) -> None:
        self._session.remember(messages, self.number)
        self._keeper.drop_ended()

    def _request_to_go_on(self, ready: ReadyModel) -> TurnRequest:
        assert self._resumption is not None
        interrupted = self._resumption.interrupted
        calls = self._session.settings.max_external_calls - interrupted.paused.program.limits.calls
        return TurnRequest(
            prompt=None,
            turn_id=self.turn_id,
            model=ready.model,
            history=interrupted.history,
            cache_key=self._session.session_id,
            overview=self._session.background.overview,
            begun=Begun(interrupted.texts, calls),
        )

    async def _request(self, ready: ReadyModel, prompt: str) -> TurnRequest:
        session, settings = self._session, self._session.settings
        history = session.history(self.number)
        budget = (ready.context_tokens or settings.context_tokens) - settings.max_request_tokens
        news, session.news = session.news, []
        is_program = settings.tools == "program"
        looks = await looks_of(prompt, session.workspace, settings.named_file_characters, programs=is_program)
        needs_look = bool(looks.changes) or names_of_project(prompt, session.workspace.root)
        steps = [change_step(path, name, is_program=is_program) for path, name in looks.changes.items()]
        return TurnRequest(
            prompt="\n".join([prompt, *steps, *(f"({one})" for one in news)]),
            turn_id=self.turn_id,
            model=ready.model,
            history=compacted(history, budget),
            cache_key=session.session_id,
            media=self._media,
            overview=session.background.overview,
            looks=looks.text,
            told_all=looks.is_all,
            code=looks.code,
            tables=looks.tables,
            named=looks.others,
            question=prompt,
            wanted=wanted(prompt),
            to_run=command_to_run(prompt, session.workspace.root),
            needs_look=needs_look and not looks.is_all,
        )

    async def _tell_usage(self, result: TurnResult, ready: ReadyModel) -> None:
        used, size = result.usage.context_tokens, ready.context_tokens or self._session.settings.context_tokens
        if used:
            await self._transcript.tell({"sessionUpdate": "usage_update", "used": used, "size": size})

    async def _finish(self, result: TurnResult, usage: Params) -> Params:
        if result.reason:
            await self.emit(TextDelta(f"{self.turn_id}/end", f"\n\nStopped: {result.reason}"))
        if self._plan.end() and not self._is_planned:
            await self._transcript.tell(self._plan.update())
        await self._updates.fail_open("The turn ended before this did.")
        await self._session.tell_title()
        self._transcript.end(result.end, usage)
        return {"stopReason": result.end, "_meta": {"punie.dev/usage": usage}}

    async def _say(self, notice: str) -> None:
        """A notice that is not part of the answer."""
        await self.emit(ThoughtDelta(f"{self.turn_id}/notice", notice + "\n"))

    async def emit(self, event: AgentEvent) -> None:
        """Pass `event` on to the client."""
        log_event(self._log, event)
        if isinstance(event, ProgramWritten) and not event.complete and not self._session.options.stream_programs:
            event = replace(event, code="")
        await self._updates.emit(event)
        if isinstance(event, TextDelta) and self._plan.read(event.message_id, event.text) and not self._is_planned:
            await self._transcript.tell(self._plan.update())

    @property
    def _is_planned(self) -> bool:
        """Whether programs have made the plan, so that a list in the answer is none."""
        return self._programs is not None and bool(self._programs.planning.steps)

    async def permit(self, call: CallRequested) -> Decision:
        """Decide about `call`, asking the user where the mode and what was remembered leave it open."""
        if self._resumption is not None and call.call_id in self._resumption.granted:
            return Decision(True)
        return await self._session.permissions.decide(call, self._ask)

    async def _ask(self, call: CallRequested, question: Question) -> Answer:
        request = permission_request(self._session.session_id, call_question(call), question)
        return await self._session.request_permission(request)


def _usage_meta(result: TurnResult) -> Params:
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
