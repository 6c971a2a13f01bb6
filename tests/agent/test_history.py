"""What is kept of a conversation that was interrupted, or that has grown too long."""

from pydantic_ai.messages import (
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.usage import RequestUsage

from punie_acp.agent.history import compacted, complete_messages


def prompt(text):
    return ModelRequest(parts=[UserPromptPart(text)])


def answer(text, tokens=0):
    return ModelResponse(parts=[TextPart(text)], usage=RequestUsage(input_tokens=tokens))


CALL = ModelResponse(parts=[ToolCallPart("execute_code", {"code": "1"}, tool_call_id="c1")])
RETURN = ModelRequest(parts=[ToolReturnPart("execute_code", "1", tool_call_id="c1")])


def test_a_call_that_was_never_answered_is_dropped():
    messages = [prompt("a"), CALL]
    assert complete_messages(messages) == messages[:1]


def test_an_answered_call_and_a_finished_answer_are_kept():
    messages = [prompt("a"), CALL, RETURN, answer("b")]
    assert complete_messages(messages) == messages


def test_a_conversation_that_fits_is_kept_whole():
    messages = [prompt("a" * 100), answer("b" * 100, tokens=50)]
    assert compacted(messages, budget=50) == messages


def test_the_oldest_turns_go_first_and_no_turn_is_cut():
    turns = [[prompt(f"{n}" * 100), CALL, RETURN, answer("b" * 100, tokens=60 * (n + 1))] for n in range(4)]
    messages = [message for turn in turns for message in turn]
    assert compacted(messages, budget=130) == messages[8:]


def test_the_newest_turn_stays_even_where_it_is_too_long():
    messages = [prompt("a"), answer("b", tokens=10), prompt("c" * 1000), answer("d", tokens=1000)]
    assert compacted(messages, budget=5) == messages[2:]
