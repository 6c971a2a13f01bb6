"""Questions to the user: what is sent, and what counts as an answer."""

import pytest

from punie_acp.codemode.events import CallType
from punie_acp.protocol.errors import METHOD_NOT_FOUND, RpcError
from punie_acp.server.elicitation import ask_user, can_ask, question_functions

pytestmark = pytest.mark.anyio
FORMS = {"elicitation": {"form": {}}}


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Client:
    """The other end, which answers every form with `outcome`."""

    def __init__(self, outcome):
        self.outcome = outcome
        self.asked = []

    async def request(self, method, params):
        self.asked.append((method, params))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def accepted(answer):
    return {"action": "accept", "content": {"answer": answer}}


async def test_a_question_is_a_form_with_one_field():
    client = Client(accepted("blue"))
    assert await ask_user(client, "s1", "Which colour?", ["red", "blue"]) == "blue"
    assert client.asked == [
        (
            "elicitation/create",
            {
                "sessionId": "s1",
                "mode": "form",
                "message": "Which colour?",
                "requestedSchema": {
                    "type": "object",
                    "properties": {"answer": {"type": "string", "title": "Answer", "enum": ["red", "blue"]}},
                    "required": ["answer"],
                },
            },
        )
    ]


async def test_without_choices_any_text_is_an_answer():
    client = Client(accepted("whatever you like"))
    assert await ask_user(client, "s1", "How?") == "whatever you like"
    assert "enum" not in client.asked[0][1]["requestedSchema"]["properties"]["answer"]


@pytest.mark.parametrize(
    "outcome",
    [
        {"action": "decline"},
        {"action": "cancel"},
        {"action": "_later"},
        {"action": "accept"},
        accepted(7),
        accepted("green"),
        {"action": "accept", "content": {}},
        None,
        [],
        RpcError(METHOD_NOT_FOUND, "no such method"),
    ],
)
async def test_anything_else_is_no_answer(outcome):
    assert await ask_user(Client(outcome), "s1", "Which?", ["red", "blue"]) is None


@pytest.mark.parametrize("capabilities", [{}, {"elicitation": {}}, {"elicitation": {"form": None}},
                                          {"elicitation": True}])  # fmt: skip
def test_a_client_without_forms_is_not_asked(capabilities):
    assert not can_ask(capabilities)
    assert question_functions(Client(None), "s1", capabilities) == ()


async def test_a_program_s_question_is_a_call_that_needs_no_permission():
    [function] = question_functions(Client(accepted("yes")), "s1", FORMS)
    plan = await function.plan(("Shall I?", ["yes", "no", "yes"]), {})
    assert (plan.type, plan.kind, plan.title) == (CallType.READ, "other", "Ask: Shall I?")
    assert (await plan.perform(None)).value == "yes"
    [refused] = question_functions(Client({"action": "decline"}), "s1", FORMS)
    with pytest.raises(PermissionError, match="did not answer"):
        await (await refused.plan((), {"question": "Shall I?"})).perform(None)


@pytest.mark.parametrize("arguments", [("",), (7,), ("a", "b"), ("x" * 5000,), ("a", [str(n) for n in range(99)])])
async def test_what_cannot_be_asked_is_refused(arguments):
    [function] = question_functions(Client(accepted("yes")), "s1", FORMS)
    with pytest.raises((TypeError, ValueError), match="ask_user"):
        await function.plan(arguments, {})
