"""The arm `harness`: our model behind OpenAI's interface, and pydantic-ai-harness's CodeMode that asks it."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from punie_acp.evaluation.arms import Arm
from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.harness import __main__ as launcher
from punie_acp.evaluation.harness.environment import HARNESS
from punie_acp.evaluation.harness.model_server import ModelServer, serving
from punie_acp.inference.chat import Chat
from punie_acp.inference.dialects import DIALECTS
from punie_acp.inference.engine import MlxEngine
from punie_acp.inference.model import LocalModel
from punie_acp.settings import Settings
from tests.fakes import ScriptedEngine
from tests.tiny_models import build_tiny_model

pytestmark = pytest.mark.anyio
WITH_PEER = os.environ.get("PUNIE_TEST_HARNESS")

RUN_CODE = {
    "type": "function",
    "function": {
        "name": "run_code",
        "description": "Run a program.",
        "parameters": {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
    },
}
CALL = '<tool_call>\n{"name": "run_code", "arguments": {"code": "read_file(path=\'a.txt\')"}}\n</tool_call>'


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


def scripted(folder: Path, *answers: str) -> ModelServer:
    """A server of a model that gives these answers."""
    chat = Chat.load(folder)
    return ModelServer(LocalModel(ScriptedEngine(chat, list(answers)), chat, DIALECTS["json"], model_name="tiny"))


def totals(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url.removesuffix("/v1") + "/totals", timeout=30) as told:
        return json.load(told)


async def asked(url: str, **request: Any) -> tuple[int, dict[str, Any]]:
    """The status and the answer of a request for a completion."""

    def ask() -> tuple[int, dict[str, Any]]:
        data = json.dumps({"model": "tiny", **request}).encode()
        post = urllib.request.Request(f"{url}/chat/completions", data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(post, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    return await anyio.to_thread.run_sync(ask)


async def test_a_conversation_with_calls_goes_through_openais_interface(folder):
    server = scripted(folder, CALL, "It says hello.")
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What does a.txt say?"}]},
    ]
    async with serving(server) as url:
        status, first = await asked(url, messages=messages, tools=[RUN_CODE], temperature=0)
        assert status == 200
        [choice] = first["choices"]
        [call] = choice["message"]["tool_calls"]
        assert choice["finish_reason"] == "tool_calls"
        assert json.loads(call["function"]["arguments"]) == {"code": "read_file(path='a.txt')"}

        messages += [choice["message"], {"role": "tool", "tool_call_id": call["id"], "content": "hello"}]
        _, second = await asked(url, messages=messages, tools=[RUN_CODE])
        assert second["choices"][0]["message"] == {"role": "assistant", "content": "It says hello."}
        assert second["choices"][0]["finish_reason"] == "stop"
        usage = second["usage"]
        # All that was said before is told again in the same tokens, so that the cache holds it.
        assert usage["prompt_tokens_details"]["cached_tokens"] > first["usage"]["prompt_tokens"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert server.totals.requests == 2
        assert server.totals.decode_seconds > 0
        assert (await anyio.to_thread.run_sync(totals, url))["output_tokens"] == server.totals.output_tokens


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"messages": [{"role": "user", "content": "x"}], "stream": True}, "whole answers only"),
        ({"messages": [{"role": "poet", "content": "x"}]}, "no role 'poet'"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "text only"),
        ({"messages": []}, "not the assistant's"),
        ({}, "messages"),
    ],
)
async def test_what_it_cannot_serve_is_refused_in_a_sentence(folder, request_, said):
    async with serving(scripted(folder)) as url:
        status, answer = await asked(url, **request_)
        assert status == 400
        assert said in answer["error"]["message"]


async def test_a_real_model_answers_and_is_counted(folder):
    engine = MlxEngine(folder)
    chat = Chat.load(folder)
    server = ModelServer(LocalModel(engine, chat, DIALECTS["json"], model_name="tiny"))
    try:
        async with serving(server) as url:
            question = {"role": "user", "content": "Which Python file has the most TODO comments?"}
            status, answer = await asked(url, messages=[question], max_completion_tokens=8)
            assert status == 200
            assert answer["usage"]["completion_tokens"] == 8
            assert answer["choices"][0]["finish_reason"] == "length"
    finally:
        await engine.close()


def test_an_environment_that_cannot_be_made_is_said_to_be(tmp_path, monkeypatch):
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(EvaluationError, match="environment of pydantic-ai-harness cannot be made: "):
        HARNESS.python(tmp_path / "environment")
    assert not (tmp_path / "environment" / "ready").exists()
    assert all(package.startswith("pydantic-ai") for package in HARNESS.packages)


def test_our_own_arms_need_nothing():
    assert Arm("a", "an arm").make_ready() == ""


@pytest.mark.skipif(not WITH_PEER, reason="PUNIE_TEST_HARNESS is not set: the peer's environment is some 100 MB")
async def test_the_peer_runs_programs_and_tells_of_them(folder, tmp_path):
    """With the real peer, whose environment is made where it is not there yet."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.txt").write_text("hello\n")
    failing = CALL.replace("a.txt", "b.txt")
    server = scripted(folder, failing, CALL, "It says hello.")
    async with serving(server) as url:
        settings = launcher.peer_settings(Settings(model="tiny"), url)
        script = Path(launcher.__file__).with_name(launcher.PEER)
        command = [str(HARNESS.python()), str(script), json.dumps(settings)]
        prompt = [{"type": "text", "text": "What does a.txt say?"}]
        told = await anyio.to_thread.run_sync(conversation, command, project, prompt)
    updates = [one["params"]["update"] for one in told if one.get("method") == "session/update"]
    ended = {one["toolCallId"]: one["status"] for one in updates if one["sessionUpdate"] == "tool_call_update"}
    assert ended == {"t1/p1/1": "failed", "t1/p1": "failed", "t1/p2/1": "completed", "t1/p2": "completed"}
    assert updates[-1]["content"]["text"] == "It says hello."
    [answer] = [one["result"] for one in told if one.get("id") == 3]
    usage = answer["_meta"]["punie.dev/usage"]
    assert (answer["stopReason"], usage["modelRequests"], usage["programs"], usage["externalCalls"]) == (
        *("end_turn", 3, 2, 2),
    )


def conversation(command: list[str], project: Path, prompt: list[dict[str, str]]) -> list[dict[str, Any]]:
    """All that the peer says to one prompt."""
    told: list[dict[str, Any]] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdin is not None
        assert peer.stdout is not None

        def ask(number: int, method: str, **params: Any) -> Any:
            peer.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n")
            peer.stdin.flush()
            for line in peer.stdout:
                told.append(json.loads(line))
                if told[-1].get("id") == number:
                    return told[-1].get("result")
            raise AssertionError("the peer is gone")

        ask(1, "initialize", protocolVersion=1)
        session = ask(2, "session/new", cwd=str(project), mcpServers=[])["sessionId"]
        ask(3, "session/prompt", sessionId=session, prompt=prompt)
        peer.stdin.close()
        peer.wait(timeout=30)
    return told
