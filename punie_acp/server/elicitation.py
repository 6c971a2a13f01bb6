"""Questions to the user by ACP's form elicitation (`elicitation/create`), where the client has it.

`question_functions` gives what a program may call to ask: hand it to the sandbox of a session together with its other
further functions (`Sandbox(..., extra=question_functions(peer, session_id, capabilities))`, or `set_extra`). It is
empty for a client without `elicitation.form`, so that a model is never told of a function that cannot work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from punie_acp.codemode.calls import Answer, Plan
from punie_acp.codemode.events import CallType
from punie_acp.codemode.extra import ExtraFunction
from punie_acp.protocol.errors import RpcError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acp import schema

    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params

FIELD = "answer"
MAX_QUESTION = 4000  # characters
MAX_CHOICES = 50

_STUB = '''\
def ask_user(question: str, choices: list[str] = []) -> str:
    """Ask the user, who answers freely or picks one of choices. Raises PermissionError where there is no answer."""
'''


class Asking(Protocol):
    """The connection to the client, as far as it is needed here."""

    async def request(self, method: str, params: Params, /) -> JsonValue:
        """The client's answer. Raises `RpcError`."""
        ...


def can_ask(capabilities: Mapping[str, JsonValue]) -> bool:
    """Whether a client with these `clientCapabilities` shows forms."""
    offered = capabilities.get("elicitation")
    return isinstance(offered, dict) and isinstance(offered.get("form"), dict)


async def ask_user(peer: Asking, session_id: str, question: str, choices: Sequence[str] = ()) -> str | None:
    """The user's answer, one of `choices` where there are any; None where they gave none or cannot be asked.

    Waits as long as the user takes. When the caller is cancelled, so is the request.
    """
    request = _form(session_id, question, choices)
    params = cast("Params", request.model_dump(mode="json", by_alias=True, exclude_none=True))
    try:
        outcome = await peer.request("elicitation/create", params)
    except RpcError:
        return None
    return _accepted(outcome, choices)


def question_functions(
    peer: Asking, session_id: str, capabilities: Mapping[str, JsonValue]
) -> tuple[ExtraFunction, ...]:
    """`ask_user` for the programs of a session; nothing where the client cannot be asked."""
    if not can_ask(capabilities):
        return ()

    async def plan(args: tuple[object, ...], kwargs: dict[str, object]) -> Plan:
        question, choices = _arguments(*args, **kwargs)

        async def perform(_: object) -> Answer:
            answer = await ask_user(peer, session_id, question, choices)
            if answer is None:
                raise PermissionError("the user did not answer")
            return Answer(answer, answer)

        # To ask changes nothing, so nobody is asked whether one may.
        return Plan(CallType.READ, "other", f"Ask: {question}", perform)

    return (ExtraFunction("ask_user", _STUB, plan),)


def _arguments(question: object = "", choices: object = ()) -> tuple[str, list[str]]:
    """Raises `TypeError` or `ValueError` for what cannot be asked."""
    if not isinstance(question, str) or not question.strip():
        raise TypeError("ask_user(): the question is a text")
    if not isinstance(choices, list | tuple):
        raise TypeError("ask_user(): the choices are a list of texts")
    texts = [str(choice) for choice in cast("Sequence[object]", choices or ())]
    if len(question) > MAX_QUESTION or len(texts) > MAX_CHOICES:
        raise ValueError(f"ask_user(): at most {MAX_QUESTION} characters and {MAX_CHOICES} choices")
    return question, list(dict.fromkeys(texts))


def _form(session_id: str, question: str, choices: Sequence[str]) -> schema.CreateFormSessionElicitationRequest:
    from acp import schema

    field = schema.ElicitationStringPropertySchema(type="string", title="Answer", enum=list(choices) or None)
    form = schema.ElicitationSchema(type="object", properties={FIELD: field}, required=[FIELD])
    return schema.CreateFormSessionElicitationRequest(
        session_id=session_id, mode="form", message=question, requested_schema=form
    )


def _accepted(outcome: JsonValue, choices: Sequence[str]) -> str | None:
    if not isinstance(outcome, dict) or outcome.get("action") != "accept":
        return None
    content = outcome.get("content")
    answer = content.get(FIELD) if isinstance(content, dict) else None
    if not isinstance(answer, str) or (choices and answer not in choices):
        return None
    return answer
