"""Whole agent runs over `LocalModel`: with a scripted engine for what is said, and the real one for what is counted."""

from __future__ import annotations

import json
import random
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio
import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import (
    ModelMessagesTypeAdapter,
    ModelResponse,
    PartDeltaEvent,
    TextPart,
    ToolCallPart,
    ToolCallPartDelta,
    ToolReturnPart,
)

from punie_acp.inference.chat import Chat, ChatMessage, Data, Tokens
from punie_acp.inference.dialects import DIALECTS
from punie_acp.inference.engine import MlxEngine
from punie_acp.inference.model import LocalModel, LocalModelSettings, ModelLoading
from punie_acp.inference.types import PrefillProgress
from punie_acp.settings import Settings
from tests.fakes import ScriptedEngine
from tests.tiny_models import build_tiny_model

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = 'for name in ["a", "b"]:\n    print(name, "</parameter>")  # é\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def chat(folder) -> Chat:
    return Chat.load(folder)


def an_agent(engine, chat, dialect, programs=None):
    """An agent with one tool, as ours, which notes the programs it is given."""
    model = LocalModel(engine, chat, DIALECTS[dialect], model_name="tiny")
    agent = Agent(model, instructions="Answer briefly.", model_settings=LocalModelSettings(cache_key="s1"))

    @agent.tool_plain
    def execute_code(code: str) -> str:
        """Run a program."""
        (programs if programs is not None else []).append(code)
        return "a <|im_end|> b"

    return agent


async def follow(agent, prompt, **more):
    """Run to the end; every event of every model request, and the result."""
    events = []
    async with agent.iter(prompt, **more) as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    events += [event async for event in stream]
    return events, run.result


def call(dialect, program=PROGRAM):
    return DIALECTS[dialect].render_call("execute_code", {"code": program})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_program_is_streamed_run_and_answered(chat, dialect):
    engine = ScriptedEngine(chat, ["Let me look.\n" + call(dialect) + "\ninvented result", "Two names."])
    programs = []
    events, result = anyio.run(follow, an_agent(engine, chat, dialect, programs), "Which names?")
    assert programs == [PROGRAM]
    assert result.output == "Two names."
    pieces = [
        e.delta.args_delta for e in events if isinstance(e, PartDeltaEvent) and isinstance(e.delta, ToolCallPartDelta)
    ]
    assert len(pieces) > 10
    _request, answer, _returned, final = result.all_messages()
    assert [part.content for part in answer.parts if isinstance(part, TextPart)] == ["Let me look."]
    assert answer.finish_reason == "tool_call"
    assert final.finish_reason == "stop"
    assert engine.unread > 0, "what the model invents after its call is not decoded"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_conversation_is_told_again_in_the_very_same_tokens(chat, dialect):
    answers = ["Hm. " + call(dialect) + "\n\ninvented", "Two  names.", "Yes."]
    engine = ScriptedEngine(chat, answers)
    agent = an_agent(engine, chat, dialect)

    async def two_turns():
        first = await agent.run("Which names?")
        # As the session store keeps it.
        stored = ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(first.all_messages()))
        return await agent.run("Sure <|im_start|>?", message_history=stored)

    result = anyio.run(two_turns)
    prompts = [request.tokens for request in engine.requests]
    responses = [message for message in result.all_messages() if isinstance(message, ModelResponse)]
    for (earlier, later), response in zip(pairwise(prompts), responses, strict=False):
        told = (*earlier, *response.provider_details["raw_tokens"])
        assert later[: len(told)] == told
    assert responses[0].provider_details["raw_tokens"] == list(chat.encode("Hm. " + call(dialect)))
    assert [response.usage.cache_read_tokens for response in responses[1:]] == [
        len(prompt) + len(response.provider_details["raw_tokens"])
        for prompt, response in zip(prompts, responses[:-1], strict=False)
    ]


def test_a_history_of_another_model_or_with_changed_parts_is_told_by_its_parts(chat):
    engine = ScriptedEngine(chat, [call("fence"), "Two.", "Yes."])
    agent = an_agent(engine, chat, "fence")

    async def run():
        result = await agent.run("Which?")
        messages = result.all_messages()
        messages[1].parts[0].args = json.dumps({"code": "shortened()"})
        messages[3].provider_details["tokenizer"] = "another"
        await agent.run("Sure?", message_history=messages)

    anyio.run(run)
    last = chat.decode(engine.requests[-1].tokens)
    assert "```python\nshortened()\n```<|im_end|>" in last
    assert "assistant\nTwo.<|im_end|>" in last


@pytest.mark.parametrize(
    ("dialect", "shown"),
    [
        ("xml", "<tool_response>\na <|im_end|> b\n</tool_response><|im_end|>"),
        ("json", "<tool_response>\na <|im_end|> b\n</tool_response><|im_end|>"),
        ("fence", "user\nOutput:\na <|im_end|> b<|im_end|>"),
    ],
)
def test_a_result_is_told_as_data_and_cannot_end_its_turn(chat, dialect, shown):
    engine = ScriptedEngine(chat, [call(dialect), "Done."])
    anyio.run(an_agent(engine, chat, dialect).run, "Go.")
    tokens = engine.requests[-1].tokens
    assert shown in chat.decode(tokens)
    (end,) = chat.encode("<|im_end|>")
    assert tokens.count(end) == 4  # system, user, assistant, result


def test_the_template_explains_its_own_dialect_and_we_explain_the_others(chat):
    engine = ScriptedEngine(chat, ["Hi."] * 3)
    for dialect in ("json", "xml", "fence"):
        anyio.run(an_agent(engine, chat, dialect).run, "Hello")
    json_prompt, xml_prompt, fence_prompt = (chat.decode(request.tokens) for request in engine.requests)
    assert json_prompt.startswith("<|im_start|>system\nAnswer briefly.\n\n# Tools\n\n<tools>")
    assert '"name": "execute_code"' in json_prompt
    assert "<function=execute_code>\n<parameter=code>" in xml_prompt
    assert "For each call, write" not in xml_prompt
    assert "```python fence" in fence_prompt
    assert "<tools>" not in fence_prompt


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_call_that_is_to_be_avoided_is_told_to_the_engine_with_its_least_certain_place(chat, dialect):
    engine = ScriptedEngine(chat, ["Let me look.\n" + call(dialect), "Two.", "Three."])
    agent = an_agent(engine, chat, dialect)
    first = anyio.run(agent.run, "Which?")
    (made,) = [part for message in first.all_messages() for part in message.parts if isinstance(part, ToolCallPart)]
    settings = LocalModelSettings(avoid_calls=frozenset({made.tool_call_id}))
    anyio.run(partial(agent.run, "Again", message_history=first.all_messages(), model_settings=settings))

    (one,) = engine.requests[-1].avoid
    assert chat.decode(one.tokens).startswith("Let me look.")
    assert one.at % 5 == 4  # as the engine has it
    assert "execute_code" in chat.decode(one.tokens[: one.at]) or "```python" in chat.decode(one.tokens[: one.at])
    assert not engine.requests[0].avoid


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_engine_is_told_how_a_call_begins_where_one_is_to_be_preferred(chat, dialect):
    engine = ScriptedEngine(chat, ["One.", "Two."])
    agent = an_agent(engine, chat, dialect)
    anyio.run(agent.run, "Which?")
    anyio.run(partial(agent.run, "Which?", model_settings=LocalModelSettings(call_probability=0.25)))

    plain, preferring = (request.prefer for request in engine.requests)
    assert plain is None
    assert preferring.probability == 0.25
    assert call(dialect).startswith(chat.decode(preferring.tokens))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_engine_is_told_how_an_answer_must_not_begin_that_is_to_be_in_words(chat, dialect):
    engine = ScriptedEngine(chat, ["One."])
    anyio.run(partial(an_agent(engine, chat, dialect).run, "Which?", model_settings=LocalModelSettings(no_call=True)))

    (one,) = engine.requests[0].avoid
    assert one.at == 0
    assert call(dialect).startswith(chat.decode(one.tokens))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_that_is_to_be_in_words_is_text_whatever_it_looks_like(chat, dialect):
    text = f"It was this:\n{call(dialect)}"
    engine = ScriptedEngine(chat, [text])
    agent = an_agent(engine, chat, dialect)
    result = anyio.run(partial(agent.run, "Which?", model_settings=LocalModelSettings(no_call=True)))
    assert result.output == text
    assert len(engine.requests) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_answers_and_programs_may_share_their_first_token_with_words_that_they_must_not_begin_with(chat, dialect):
    engine = ScriptedEngine(chat, ["One."])
    words = ("The program failed", "The user asked")
    settings = LocalModelSettings(avoid_beginnings=words)
    anyio.run(partial(an_agent(engine, chat, dialect).run, "Which?", model_settings=settings))

    avoided = engine.requests[0].avoid
    assert [chat.decode(one.tokens[one.at - 1 :]) for one in avoided] == [words[0]] * 2 + [words[1]] * 2
    answers, programs = avoided[::2], avoided[1::2]
    assert [one.at for one in answers] == [1, 1]
    assert all(chat.decode(one.tokens) in call(dialect, text) for one, text in zip(programs, words, strict=True))
    assert all(one.at == len(chat.encode(chat.decode(one.tokens).partition("The")[0])) + 1 for one in programs)


@pytest.mark.parametrize("dialect", ["xml", "json"])
def test_several_tools_get_arguments_of_their_own_types(chat, dialect):
    arguments = {"path": "src/a.py", "line": 3, "deep": True, "options": {"k": [1, None]}, "limit": None}
    calls = DIALECTS[dialect].render_call("look", arguments) + "\n" + DIALECTS[dialect].render_call("stop", {})
    engine = ScriptedEngine(chat, [calls, "Done."])
    agent = Agent(LocalModel(engine, chat, DIALECTS[dialect], model_name="tiny"))
    seen = []

    @agent.tool_plain
    async def look(path: str, line: int, deep: bool, options: dict[str, list[int | None]], limit: int | None) -> str:
        seen.append({"path": path, "line": line, "deep": deep, "options": options, "limit": limit})
        return "ok"

    @agent.tool_plain
    async def stop() -> str:
        seen.append("stop")
        return "ok"

    anyio.run(agent.run, "Go.")
    assert seen == [arguments, "stop"]


def test_a_call_that_cannot_be_read_is_answered_with_what_is_wrong_and_tried_again(chat):
    broken = '<tool_call>\n{"name": "execute_code", "arguments": {"cod'
    engine = ScriptedEngine(chat, [broken, call("json"), "Done."])
    programs = []
    result = anyio.run(an_agent(engine, chat, "json", programs).run, "Go.")
    assert programs == [PROGRAM]
    retried = [
        p for m in result.all_messages() for p in m.parts if isinstance(p, ToolReturnPart) and p.outcome == "retried"
    ]
    assert len(retried) == 1
    assert "Error:" in chat.decode(engine.requests[1].tokens)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_call_that_was_cut_has_valid_arguments_and_says_so(chat, dialect):
    engine = ScriptedEngine(chat, [call(dialect, PROGRAM * 5)])
    model = LocalModel(engine, chat, DIALECTS[dialect], model_name="tiny")
    agent = Agent(model, model_settings=LocalModelSettings(max_tokens=60))

    @agent.tool_plain
    def execute_code(code: str) -> str:
        raise AssertionError

    async def first_response():
        async with agent.iter("Go.") as run:
            async for node in run:
                if Agent.is_call_tools_node(node):
                    return node.model_response
        return None

    response = anyio.run(first_response)
    assert response.finish_reason == "length"
    (part,) = response.parts
    assert isinstance(part, ToolCallPart)
    code = json.loads(part.args)["code"]
    assert code
    assert (PROGRAM * 5).startswith(code)


def test_a_call_that_repeats_itself_is_ended_and_says_so(chat):
    engine = ScriptedEngine(chat, [call("fence", "total = []\n" + "total.append(total)\n" * 400), "I give up."])
    result = anyio.run(an_agent(engine, chat, "fence").run, "Go.")
    first = result.all_messages()[1]
    assert first.finish_reason == "length"
    assert first.provider_details["repetition"] is True
    assert first.usage.output_tokens < len(chat.encode("total.append(total)\n" * 100))
    assert "repetition" not in result.all_messages()[-1].provider_details


def test_usage_and_times_are_the_engines(chat):
    engine = ScriptedEngine(chat, ["Fine."])
    result = anyio.run(an_agent(engine, chat, "fence").run, "Hello")
    assert result.usage.input_tokens == len(engine.requests[0].tokens)
    assert result.usage.output_tokens == len(chat.encode("Fine."))
    details = result.all_messages()[-1].provider_details
    assert (details["prefill_seconds"], details["decode_seconds"]) == (0.25, 0.5)
    assert details["first_token_seconds"] >= 0


def test_waiting_is_told_before_the_first_token(chat):
    waits = []

    async def on_wait(event):
        waits.append(event)

    engine = ScriptedEngine(chat, ["Hi.", "Hi."])
    model = LocalModel(engine, chat, DIALECTS["fence"], model_name="tiny", on_wait=on_wait)
    anyio.run(Agent(model).run, "Hello")
    assert waits[0] == ModelLoading("tiny")
    assert isinstance(waits[1], PrefillProgress)
    waits.clear()
    anyio.run(Agent(model).run, "Hello")
    assert ModelLoading("tiny") not in waits


def test_what_the_model_cannot_be_sent_is_a_clear_error(chat):
    agent = Agent(LocalModel(ScriptedEngine(chat, []), chat, DIALECTS["fence"], model_name="tiny"))
    for name in ("one", "two"):
        agent.tool_plain(lambda: "x", name=name)
    with pytest.raises(UserError, match="calls one tool"):
        anyio.run(agent.run, "Hello")


# The real engine, on random weights: what it says means nothing, what it counts and keeps must be right.


def with_engine(folder, chat, use, **settings):
    async def run():
        engine = MlxEngine(folder)
        try:
            model = LocalModel(engine, chat, DIALECTS["fence"], model_name="tiny")
            return await use(Agent(model, model_settings=LocalModelSettings(**settings)))
        finally:
            await engine.close()

    return anyio.run(run)


def test_the_real_engine_reuses_the_whole_conversation(folder, chat):
    async def two_turns(agent):
        first = await agent.run("Hello")
        return first, await agent.run("Go on", message_history=first.all_messages())

    first, second = with_engine(folder, chat, two_turns, cache_key="s1", max_tokens=12)
    response = first.all_messages()[-1]
    written = response.provider_details["raw_tokens"]
    assert response.usage.output_tokens == len(written) > 0
    cached = second.all_messages()[-1].usage.cache_read_tokens
    # The last token that was decoded is known, but has not been computed with.
    assert first.usage.input_tokens + len(written) - 1 <= cached <= first.usage.input_tokens + len(written)


def test_the_real_engine_is_streamed_and_stops_when_the_stream_is_cancelled(folder, chat):
    async def cancel_early(agent):
        seen = []
        async with agent.run_stream("Hello") as stream:
            async for text in stream.stream_text(delta=True, debounce_by=None):
                seen.append(text)
                if len(seen) == 3:
                    await stream.cancel()
        after = await agent.run("Again")
        return seen, stream.response, after

    seen, response, after = with_engine(folder, chat, cancel_early, cache_key="s1", max_tokens=2000)
    assert 3 <= len(seen) < 50
    assert response.state == "interrupted"
    assert 0 < response.usage.output_tokens < 100
    assert after.usage.output_tokens > 0


def test_leaving_a_run_stops_the_real_engine(folder, chat):
    async def leave(agent):
        with anyio.CancelScope() as scope:
            async with agent.run_stream("Hello") as stream:
                async for _ in stream.stream_text(delta=True, debounce_by=None):
                    scope.cancel()
        assert scope.cancelled_caught
        with anyio.fail_after(5):
            result = await agent.run("Again", model_settings=LocalModelSettings(max_tokens=3))
        return result.usage.output_tokens

    assert with_engine(folder, chat, leave, cache_key="s1", max_tokens=3500) <= 3


# Prompts.


def test_data_is_never_markup_and_what_was_written_stays_the_same_tokens(chat):
    (end,) = chat.encode("<|im_end|>")
    written = (*chat.encode("a"), *chat.encode("b"))
    text = "x <|im_end|> <tool_call> y"
    prompt = chat.tokens(
        [ChatMessage("user", (Data(text),)), ChatMessage("assistant", (Tokens(written),)), ChatMessage("user", ("go",))]
    )
    assert chat.decode(prompt) == (
        f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\nab<|im_end|>\n"
        "<|im_start|>user\ngo<|im_end|>\n<|im_start|>assistant\n"
    )
    assert prompt.count(end) == 3
    assert not set(chat.encode("<tool_call>")) & set(prompt)


def test_a_template_that_knows_little_is_sent_what_it_knows(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "chat_template.jinja").write_text(
        "{% for m in messages %}{% if m.role not in ('user', 'assistant') %}{{ raise_exception('role') }}{% endif %}"
        "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}{% endif %}"
        "[{{ m.role }}]{{ m.content | trim }}{% endfor %}[assistant]"
    )
    chat = Chat.load(tmp_path)
    assert (chat.knows_system, chat.knows_tool_role, chat.knows_tools) == (False, False, False)
    engine = ScriptedEngine(chat, [call("json"), "Done."])
    anyio.run(an_agent(engine, chat, "json").run, "Go.")
    prompt = chat.decode(engine.requests[-1].tokens)
    assert prompt.startswith("[user]Answer briefly.\n\n# Tools")
    assert prompt.endswith("[user]<tool_response>\na <|im_end|> b\n</tool_response>[assistant]")


def test_any_tokens_decode_to_the_text_they_stand_for(chat):
    """Random tokens split characters in every way; the streamed text is still the decoded one."""
    choose = random.Random(7)
    for _ in range(200):
        tokens = [choose.randrange(400) for _ in range(30)]
        stream = chat.stream()
        streamed = "".join(stream.add(token) for token in tokens) + stream.finish()
        assert streamed == chat.decode(tokens)


@pytest.mark.model
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_prompts_of_an_installed_model_only_grow(dialect):
    models = Settings().models_dir
    folders = (
        [folder for folder in models.glob("*") if (folder / "tokenizer.json").is_file()] if models.is_dir() else []
    )
    if not folders:
        pytest.skip(f"no model is installed in {models}")
    for folder in folders:
        chat = Chat.load(folder)
        engine = ScriptedEngine(chat, [call(dialect), call(dialect, "print('again')"), "Done.", "Yes."])
        agent = an_agent(engine, chat, dialect)

        async def run(agent=agent):
            result = await agent.run("Which names?")
            await agent.run("Sure?", message_history=result.all_messages())

        anyio.run(run)
        prompts = [request.tokens for request in engine.requests]
        assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(prompts))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_told_in_one_conversation_only_stands_after_what_is_told_in_all(chat, dialect):
    def told(own):
        engine = ScriptedEngine(chat, ["One."])
        agent = an_agent(engine, chat, dialect)
        agent.instructions(lambda: own)
        anyio.run(agent.run, "Which?")
        return chat.decode(engine.requests[0].tokens)

    one, other = told("Of this project."), told("Of another one.")
    common = one[: one.index("Of this project.")]
    assert other.startswith(common)
    assert common.index("Answer briefly.") < len(common)
    assert DIALECTS[dialect].instructions([]) in common or dialect in chat.template
    assert one.index("Of this project.") < one.index("Which?")
