"""What is told of a program that is being written, so that it can be read ahead."""

import itertools
from dataclasses import dataclass, field

import anyio
import pytest

from punie_acp.agent.agent import run_turn
from punie_acp.agent.request import TurnRequest
from punie_acp.codemode.events import ProgramOutcome
from punie_acp.codemode.extra import ExtraFunctions
from punie_acp.codemode.tables import tables_of
from punie_acp.inference.chat import Chat
from punie_acp.inference.dialects import DIALECTS
from punie_acp.inference.model import LocalModel
from punie_acp.settings import Settings
from tests.agent.test_cut import Told
from tests.fakes import ScriptedEngine
from tests.tiny_models import build_tiny_model

CODE = "# What is there\ntext = read_file('a.txt')\n\nfor line in text.splitlines():\n    print(line, \"\\n<ü>\")"


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    return Chat.load(build_tiny_model(tmp_path_factory.mktemp("model")))


@dataclass
class Ahead:
    """Hears what is written, and reads nothing."""

    states: list[str] = field(default_factory=list)
    ended: bool = False

    async def run(self):
        await anyio.lowlevel.checkpoint()

    def written(self, code):
        self.states.append(code)

    async def end(self):
        self.ended = True


@dataclass
class Listening:
    """Runs nothing; hears each program while it is written."""

    extra: ExtraFunctions = field(default_factory=ExtraFunctions)
    heard: dict[str, Ahead] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)

    def read_ahead(self, program_id, *_):
        return self.heard.setdefault(program_id, Ahead())

    async def run(self, code, *, program_id, **_):
        assert program_id not in self.heard or self.heard[program_id].ended
        self.ran.append(code)
        return ProgramOutcome("one\n", calls=1)


def listen(chat, dialect, *codes, request=None, **settings):
    """Who ran `codes`, written in a dialect one after the other."""
    answers = [DIALECTS[dialect].render_call("execute_code", {"code": code}) for code in codes]
    model = LocalModel(ScriptedEngine(chat, [*answers, "So."]), chat, DIALECTS[dialect], model_name="tiny")
    sandbox = Listening()

    async def run():
        await run_turn(
            TurnRequest("Go.", "t1", model, (), "key", **(request or {})),
            sandbox=sandbox,
            observer=Told(),
            settings=Settings(**settings),
            remember=lambda _: None,
        )

    anyio.run(run)
    return sandbox


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_program_grows_at_its_end_in_every_dialect(chat, dialect):
    sandbox = listen(chat, dialect, CODE)
    states = sandbox.heard["t1/p1"].states

    assert len(states) > 10
    assert all(after.startswith(before) for before, after in itertools.pairwise(states))
    assert sandbox.ran[0].startswith(states[-1].rstrip())


def test_of_a_program_that_is_only_written_again_nothing_is_heard(chat):
    other = CODE.replace("print(line, ", "print(line[:3], ")
    sandbox = listen(chat, "fence", CODE, other, other)

    first = sandbox.heard["t1/p2"].states[0]
    assert not CODE.startswith(first)
    assert sandbox.heard["t1/p3"].states == []
    assert len(sandbox.ran) == 2


def test_of_a_program_that_is_only_dressed_otherwise_nothing_is_heard(chat):
    fenced = f"```python\n{CODE}\n```"
    commented = CODE.replace("\n\n", "\n# Every line\n").replace("    print", "  print")
    indented = "\n".join(f"    {line}" for line in CODE.splitlines())
    for again in (commented, indented, fenced):  # one after each: what comes then is to be an answer in words
        sandbox = listen(chat, "fence", CODE, again)
        assert sandbox.heard["t1/p2"].states == []
        assert len(sandbox.ran) == 1


def test_where_programs_have_data_at_hand_nothing_is_read_ahead(chat):
    tables = tables_of({"hives.json": '[{"id": 1, "site": "a"}, {"id": 2, "site": "b"}]'})
    assert tables
    assert listen(chat, "fence", CODE, request={"tables": tables}).heard == {}


def test_it_can_be_switched_off(chat):
    assert listen(chat, "fence", CODE, read_ahead=False).heard == {}
