"""Answers that are ended before they are complete."""

from dataclasses import dataclass, field

import anyio
import pytest

from punie_acp.agent.agent import run_turn
from punie_acp.agent.events import ProgramDropped
from punie_acp.agent.request import TurnRequest
from punie_acp.codemode.extra import ExtraFunctions
from punie_acp.inference.chat import Chat
from punie_acp.inference.dialects import DIALECTS
from punie_acp.inference.model import LocalModel
from punie_acp.settings import Settings
from tests.fakes import ScriptedEngine
from tests.tiny_models import build_tiny_model


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    return Chat.load(build_tiny_model(tmp_path_factory.mktemp("model")))


class NoSandbox:
    """Where nothing may run."""

    extra = ExtraFunctions()

    async def run(self, code, **_):
        raise AssertionError(code)

    def read_ahead(self, *_):
        return None


@dataclass
class Told:
    """What the user was told."""

    events: list = field(default_factory=list)

    async def emit(self, event):
        self.events.append(event)


def turn(chat, *answers, **limits):
    engine = ScriptedEngine(chat, answers)
    model = LocalModel(engine, chat, DIALECTS["fence"], model_name="tiny")
    observer = Told()

    async def run():
        return await run_turn(
            TurnRequest("Go.", "t1", model, (), "key"),
            sandbox=NoSandbox(),
            observer=observer,
            settings=Settings(**limits),
            remember=lambda _: None,
        )

    result = anyio.run(run)
    return result, [event.reason for event in observer.events if isinstance(event, ProgramDropped)], engine


def program(code):
    return DIALECTS["fence"].render_call("execute_code", {"code": code})


ENDLESS = "rows = []\n" + "rows.append(rows)\n" * 300


def test_a_program_that_repeats_itself_does_not_run_and_the_model_may_write_another(chat):
    result, dropped, engine = turn(chat, program(ENDLESS), "I cannot.")
    why = "The program did not run: it was cut. It repeated itself without end. Write a shorter one, or split the work."
    assert (result.end, dropped) == ("end_turn", [why])
    assert why in chat.decode(engine.requests[1].tokens)


def test_a_program_that_is_too_long_does_not_run(chat):
    lines = "\n".join(f"v{number} = {number * number}" for number in range(50))
    result, dropped, _ = turn(chat, program(lines), "I cannot.", max_request_tokens=40)
    assert result.end == "end_turn"
    assert dropped == [
        "The program did not run: it was cut. One request may write 40 tokens. Write a shorter one, or split the work."
    ]


def test_words_that_are_repeated_without_end_end_the_turn(chat):
    result, _, _ = turn(chat, "Yes. " * 2000)
    assert (result.end, result.reason) == ("max_tokens", "It repeated itself without end.")
