"""What `initialize` and the options say, by what the client can do."""

from __future__ import annotations

import pytest

from punie_acp.protocol.errors import RpcError
from punie_acp.server.auth import Login, auth_methods
from punie_acp.server.client import Client
from punie_acp.server.config import Options, config_options, offered_models, requested_choice
from punie_acp.server.serve import model_to_install
from punie_acp.server.store.base import SessionRecord
from punie_acp.settings import Settings


def client(**capabilities):
    return Client.of({"clientCapabilities": capabilities, "clientInfo": {"name": "zed", "version": "1"}})


def test_a_capability_is_there_if_it_is_true_or_an_object():
    asked = client(session={"configOptions": {"boolean": {}}}, auth={"terminal": True}, terminal=False, fs=None)

    assert asked.can("session", "configOptions", "boolean")
    assert asked.can("auth", "terminal")
    assert not asked.can("terminal")
    assert not asked.can("fs", "readTextFile")
    assert not Client.of({"clientCapabilities": [], "clientInfo": 7}).can("terminal")
    assert (asked.name, asked.version) == ("zed", "1")


def test_the_terminal_method_is_for_clients_that_can_run_it():
    assert [method["id"] for method in auth_methods(client())] == ["no-login"]
    assert [method["id"] for method in auth_methods(client(auth={"terminal": True}))] == ["no-login", "setup"]
    assert "_meta" not in auth_methods(client(auth={"terminal": True}))[1]
    assert "terminal-auth" in auth_methods(client(_meta={"terminal-auth": True}))[1]["_meta"]


def test_logging_out_ends_what_authenticating_began():
    login = Login()

    login.authenticate({"methodId": "no-login"})
    assert login.method == "no-login"
    login.logout({})
    assert login.method is None
    with pytest.raises(RpcError, match="methodId"):
        login.authenticate({})


def test_booleans_are_offered_to_clients_that_have_them():
    options = Options.of_settings(Settings())

    plain = config_options(options, client(), ["auto"])
    rich = config_options(options, client(session={"configOptions": {"boolean": {}}}), ["auto"])

    assert [option["id"] for option in plain] == ["model", "mode", "effort"]
    assert [option["type"] for option in rich] == ["select", "select", "select", "boolean"]


def test_a_session_of_another_version_has_what_this_one_knows():
    record = SessionRecord("s", "/", mode="yolo", model="gone", options={"effort": "most", "stream_programs": "no"})

    options = Options.of_record(record, Settings(mode="auto"))

    assert options == Options("gone", "auto", "normal", stream_programs=True)


def test_the_effort_changes_the_limits_of_a_turn_only():
    settings, options = Settings(), Options.of_settings(Settings())

    quick = options.with_choice("effort", "quick").limits(settings)
    thorough = options.with_choice("effort", "thorough").limits(settings)

    assert (quick.max_model_requests, settings.max_model_requests, thorough.max_model_requests) == (4, 12, 36)
    assert quick.max_turn_seconds < settings.max_turn_seconds < thorough.max_turn_seconds
    assert quick.max_turn_tokens < settings.max_turn_tokens < thorough.max_turn_tokens
    assert quick.command_seconds == thorough.command_seconds
    assert options.limits(settings) == settings


def test_models_are_offered_once_each_and_only_whole_ones(tmp_path):
    for name, whole in (("b", True), ("a", True), (".incoming", True), ("half", False)):
        (tmp_path / "models" / name).mkdir(parents=True)
        if whole:
            (tmp_path / "models" / name / "punie.json").write_text("{}")

    assert offered_models(Settings(data_dir=tmp_path, model="a"), "b") == ["auto", "a", "b"]
    assert offered_models(Settings(data_dir=tmp_path / "none", model="x:y"), "auto") == ["auto", "x:y"]
    with pytest.raises(RpcError, match="value: must be one of auto, a"):
        requested_choice({"configId": "model", "value": "c"}, ["auto", "a"])


def test_setup_installs_the_model_that_sessions_would_use(tmp_path, monkeypatch):
    monkeypatch.setenv("PUNIE_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("PUNIE_MODEL", raising=False)

    assert model_to_install(["--stdio", "--setup"]) == "auto"
    assert model_to_install(["--stdio", "--model", "qwen2.5-coder-0.5b", "--setup"]) == "qwen2.5-coder-0.5b"
    assert model_to_install(["--setup", "--model=openai:gpt"]) == "auto"
    with pytest.raises(SystemExit, match="unknown argument"):
        model_to_install(["--setup", "--now"])
