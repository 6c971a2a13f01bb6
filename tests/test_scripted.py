"""The scripted models keep what the integration tests rely on."""

import json

import anyio
import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelResponse

from tests.scripted import Script, ScriptedModel, echo_model, echoed, read_script


def agent_over(model):
    agent = Agent(model)
    programs = []

    @agent.tool_plain
    async def execute_code(code: str) -> str:  # several at once begin in their order, which threads would not keep
        programs.append(code)
        return f"ran {len(programs)}"

    return agent, programs


def play(agent, prompt, **options):
    """Run a turn by streaming, as the product does; the events, and the run."""

    async def turn():
        events = []
        async with agent.iter(prompt, **options) as run:
            async for node in run:
                if Agent.is_model_request_node(node):
                    async with node.stream(run.ctx) as stream:
                        events.extend([event async for event in stream])
        return events, run

    return anyio.run(turn)


def responses(run):
    return [message for message in run.all_messages() if isinstance(message, ModelResponse)]


def test_a_script_is_played_in_pieces_and_then_done_is_answered(tmp_path):
    script = tmp_path / "script.json"
    code = 'print("a \\"quoted\\" line")\nx = {1: "ü"}  # }'
    script.write_text(json.dumps([{"thought": "hm", "text": "Let me look. ", "code": code}]))
    agent, programs = agent_over(ScriptedModel(Script(read_script(script)), name="script"))

    events, run = play(agent, "go")

    assert programs == [code]
    assert run.result.output == "done"
    assert len(events) > 20
    assert [response.finish_reason for response in responses(run)] == ["tool_call", "stop"]
    assert [part.part_kind for part in responses(run)[0].parts] == ["thinking", "text", "tool-call"]


def test_several_programs_and_malformed_arguments_arrive_as_they_stand(tmp_path):
    script = tmp_path / "script.json"
    script.write_text(json.dumps([[{"code": "a"}, {"code": "b"}], {"arguments": '{"cod": 1'}]))
    agent, programs = agent_over(ScriptedModel(Script(read_script(script)), name="script"))

    _, run = play(agent, "go")

    assert programs == ["a", "b"]
    assert responses(run)[1].parts[0].args == '{"cod": 1'


def test_echo_writes_each_program_of_the_prompt_and_answers_with_the_last_output():
    agent, programs = agent_over(echo_model())
    prompt = "First\n```python\na = '''\n``\n'''\n```\nthen\n````python\nprint('```')\n````\n"

    _, run = play(agent, prompt)

    assert programs == ["a = '''\n``\n'''", "print('```')"]
    assert run.result.output == "ran 2"


def test_echo_answers_a_prompt_without_a_program_with_itself_in_every_turn():
    agent, programs = agent_over(echo_model())

    _, first = play(agent, "```python\n1\n```")
    _, second = play(agent, "Hello  you", message_history=first.all_messages())

    assert programs == ["1"]
    assert second.result.output == "Hello  you"


def test_usage_counts_what_the_conversation_shares_as_cached():
    agent, _ = agent_over(echo_model())

    _, run = play(agent, "```python\nprint(1)\n```")

    first, second = (response.usage for response in responses(run))
    assert first.cache_read_tokens == 0
    assert first.input_tokens <= second.cache_read_tokens < second.input_tokens
    assert first.output_tokens > 3


def test_a_response_longer_than_allowed_is_cut():
    agent, _ = agent_over(echo_model())

    _, run = play(agent, "one two three four", model_settings={"max_tokens": 2})

    assert run.result.output == "one two"
    assert responses(run)[0].finish_reason == "length"
    assert responses(run)[0].usage.output_tokens == 2


def test_an_error_comes_after_what_was_said(tmp_path):
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"text": "I am", "error": "overloaded"}]))
    agent, _ = agent_over(ScriptedModel(Script(read_script(script)), name="script"))

    with pytest.raises(ModelAPIError, match="overloaded"):
        play(agent, "go")


def test_delays_are_kept(tmp_path):
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"text": "a b c", "delay": 0.02, "wait": 0.05}]))
    agent, _ = agent_over(ScriptedModel(Script(read_script(script)), name="script"))

    _, run = play(agent, "go")

    details = responses(run)[0].provider_details
    assert details["prefill_seconds"] >= 0.05
    assert details["decode_seconds"] >= 0.04


def test_a_script_with_an_unknown_key_is_refused(tmp_path):
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"txt": "a"}]))

    with pytest.raises(ValueError, match="txt"):
        read_script(script)


def test_a_prompt_is_taken_from_the_last_turn_only():
    assert echoed([]).parts == (("text", ""),)
