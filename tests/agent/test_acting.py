"""How much a model is pressed to act before it answers."""

from functools import partial

import anyio
import pytest

from punie_acp.agent.agent import run_turn
from punie_acp.agent.request import TurnRequest
from punie_acp.codemode.events import ProgramError, ProgramOutcome
from punie_acp.codemode.tables import tables_of
from punie_acp.inference.chat import Chat
from punie_acp.inference.dialects import DIALECTS
from punie_acp.inference.model import LocalModel
from punie_acp.settings import Settings
from tests.agent.test_cut import NoSandbox, Told
from tests.agent.test_feedback import EXTRA
from tests.fakes import ScriptedEngine
from tests.tiny_models import build_tiny_model

TABLES = tables_of({"hives.csv": "id,site\nH1,Hof\nH2,Schule\n"})


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    return Chat.load(build_tiny_model(tmp_path_factory.mktemp("model")))


class Failing(NoSandbox):
    """Where every program looks for a key that is not there."""

    def __init__(self, key):
        self._key = key

    async def run(self, code, **_):
        return ProgramOutcome("", None, ProgramError("runtime", f"KeyError: {self._key!r}", 1, code))


class Listing(NoSandbox):
    def __init__(self):
        self.programs = []

    async def run(self, code, **_):
        self.programs.append(code)
        return ProgramOutcome("a.py\n")


def asked(chat, answers, settings=None, sandbox=None, **request):
    """What the engine was asked for, request by request."""
    engine = ScriptedEngine(chat, answers)
    model = LocalModel(engine, chat, DIALECTS["fence"], model_name="tiny")
    begin = partial(
        run_turn,
        TurnRequest("Which?", "t1", model, (), "key", **request),
        sandbox=sandbox or NoSandbox(),
        observer=Told(),
        settings=settings or Settings(),
        remember=lambda _: None,
    )
    anyio.run(begin)
    return engine.requests


@pytest.mark.parametrize(
    ("request_", "least"),
    [
        ({}, 0.03),
        ({"needs_look": True}, 1e-5),
        ({"needs_look": True, "tables": TABLES}, 1e-12),
        ({"tables": TABLES}, 1e-12),
    ],
)
def test_the_less_can_be_known_without_looking_the_likelier_is_a_program(chat, request_, least):
    (request,) = asked(chat, ["One."], **request_)
    assert request.prefer.probability == least


def test_a_prompt_that_names_a_function_of_the_session_needs_a_program(chat):
    sandbox = NoSandbox()
    sandbox.extra = EXTRA
    (request,) = asked(chat, ["One."], question="What does weather_at give?", sandbox=sandbox)
    assert request.prefer.probability == 1e-5


def test_where_all_has_been_told_or_the_user_says_so_it_is_left_to_the_model(chat):
    (request,) = asked(chat, ["One."], told_all=True)
    assert request.prefer is None
    (request,) = asked(chat, ["One."], Settings(call_probability=1), tables=TABLES, needs_look=True)
    assert request.prefer.probability == 1


def must_be_words(chat, request):
    opening = tuple(chat.encode(DIALECTS["fence"].opening))
    return any(one.tokens == opening and one.at == 0 for one in request.avoid)


def programs_of(codes):
    return [DIALECTS["fence"].render_call("execute_code", {"code": code}) for code in codes]


def test_a_model_whose_programs_all_fail_has_to_answer_at_last(chat):
    failing = programs_of(f"print(sites[{n}])" for n in range(20))
    requests = asked(chat, failing, Settings(max_model_requests=12), Failing("site"))
    assert [request.prefer is not None for request in requests] == [True] * 4 + [False] * 5
    words = [must_be_words(chat, request) for request in requests]
    assert words == [False] * 8 + [True]  # and what it answers then is text, though it looks like a program


def test_a_model_that_writes_nothing_but_idle_programs_is_given_a_look_and_has_to_answer(chat):
    listing = Listing()
    requests = asked(chat, programs_of(f"[{n}]" for n in range(20)), sandbox=listing)
    assert listing.programs == ['print(list_files("**/*"))']
    assert [must_be_words(chat, request) for request in requests] == [False] * 3 + [True]


@pytest.mark.parametrize(("key", "is_avoided"), [("site", False), ("colour", True)])
def test_a_failed_program_is_not_avoided_where_the_model_is_given_a_better_one(chat, key, is_avoided):
    tables = tables_of({"hives.csv": "id,site\nH1,Hof\nH2,Schule\n", "looks.csv": "hive,honey\nH1,3\nH1,4\nH2,5\n"})
    failed = DIALECTS["fence"].render_call("execute_code", {"code": f"print([look['{key}'] for look in looks])"})
    _, request = asked(chat, [failed, "One."], sandbox=Failing(key), tables=tables)
    assert (tuple(chat.encode(failed)[:9]) in [one.tokens[:9] for one in request.avoid]) == is_avoided
