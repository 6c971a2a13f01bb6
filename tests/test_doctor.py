"""`punie-acp doctor` in a real process, and its checks on homes that are well or ill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from punie_acp.doctor.environment import check_folders, check_settings
from punie_acp.doctor.findings import failure, ok, summary, warning
from punie_acp.doctor.model import check_memory, check_model, check_tokenizer
from punie_acp.doctor.run import run_checks
from punie_acp.doctor.sandbox import check_monty
from punie_acp.settings import Settings, load_settings
from punie_acp.weights.progress import PlainProgress
from punie_acp.weights.store import ModelStore
from tests.tiny_models import build_tiny_model


@pytest.fixture
def settings(tmp_path):
    return Settings(model="tiny", config_dir=tmp_path / "config", data_dir=tmp_path / "data", log_dir=tmp_path / "log")


@pytest.fixture
def installed(settings, tmp_path):
    with (tmp_path / "progress").open("w") as stream:
        folder = build_tiny_model(tmp_path / "tiny")
        return ModelStore(settings.models_dir).import_mlx(folder, "tiny", PlainProgress(stream))


@pytest.mark.slow
def test_the_report_names_every_part_and_fails_without_a_model(tmp_path):
    (tmp_path / ".config" / "zed").mkdir(parents=True)
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "punie_acp", "doctor", "--json"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
    )
    report = json.loads(done.stdout)
    found = {check["check"]: check for check in report["checks"]}
    assert (done.returncode, report["ok"]) == (1, False)
    assert list(found) == [
        "settings",
        "python",
        "folders",
        "mlx",
        "kernel",
        "speed",
        "model",
        "monty",
        "editor zed",
        "editor jetbrains",
    ]
    assert found["model"]["status"] == "failure"
    assert found["model"]["remedy"].startswith("Type: punie-acp models pull ")
    assert found["speed"]["facts"]["gemm_gflops"] > 0
    assert found["editor zed"]["remedy"] == "Type: punie-acp init zed"


def test_a_whole_model_passes_and_a_changed_file_does_not(settings, installed):
    assert [finding.status for finding in check_model(settings)] == ["ok"]
    assert [finding.status for finding in check_memory(settings)] == ["ok"]
    config = installed.path / "config.json"
    data = bytearray(config.read_bytes())
    data[-3] ^= 1
    config.unlink()  # it may be a hard link
    config.write_bytes(data)
    (finding,) = check_model(settings)
    assert finding.status == "failure"
    assert "config.json" in finding.text
    assert "punie-acp models remove tiny" in finding.remedy


def test_a_tokenizer_with_other_ids_than_qwens_is_noticed(settings, installed):
    (finding,) = check_tokenizer(settings)
    assert finding.status == "failure"
    assert "<|im_start|> is [" in finding.text
    assert "instead of [151644]" in finding.text
    assert installed.name in finding.text


def test_a_remote_model_is_not_looked_for(settings):
    remote = replace(settings, model="openai:gpt-x")
    assert [finding.status for finding in check_model(remote)] == ["ok"]
    assert check_memory(remote) == check_tokenizer(remote) == []


def test_monty_runs_a_program_with_calls(settings):
    (finding,) = check_monty(settings)
    assert (finding.status, finding.text.endswith("3 external calls")) == ("ok", True)


def test_a_broken_settings_file_is_a_failure_and_the_other_checks_still_run(tmp_path):
    (tmp_path / "settings.toml").write_text("modle = 'x'\n")

    def load():
        return load_settings({"PUNIE_CONFIG_DIR": str(tmp_path)})

    finding, rest = check_settings(load)
    assert finding.status == "failure"
    assert "unknown setting 'modle'" in finding.text
    assert rest.mode == "ask"


def test_a_check_that_breaks_is_a_failure_and_not_the_end(settings, installed):
    (installed.path / "tokenizer.json").unlink()
    (installed.path / "tokenizer.json").mkdir()
    findings = list(run_checks(lambda: settings))
    assert findings[-1].check.startswith("editor")
    assert any(finding.status == "failure" for finding in findings)


def test_a_folder_that_cannot_be_made_is_a_failure(settings, tmp_path):
    (tmp_path / "data").write_text("a file, not a folder")
    (finding,) = check_folders(settings)
    assert finding.status == "failure"
    assert str(tmp_path / "data") in finding.text


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        ('{"agent_servers": {"Punie": {"command": "PYTHON"}}}', "ok", "starts"),
        ('{"agent_servers": {"Punie": {"command": "/gone/punie-acp"}}}', "failure", "cannot be run"),
        ('{"agent_servers": {}}', "warning", "has no entry 'Punie'"),
        ('{"agent_servers": }', "failure", "line 1, column 19"),
    ],
)
def test_an_editors_entry_is_looked_at(tmp_path, content, status, words):
    program = "from punie_acp.doctor.environment import check_editors as c; print(*c(None)[-1:])"
    file = tmp_path / ".jetbrains" / "acp.json"
    file.parent.mkdir()
    file.write_text(content.replace("PYTHON", sys.executable))
    done = subprocess.run(
        [sys.executable, "-c", program], env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert f"status='{status}'" in done.stdout
    assert words in done.stdout


def test_the_summary_counts():
    assert summary([ok("a", "fine")]) == "Everything is in order."
    findings = [failure("a", "x", "y"), warning("b", "x", "y"), warning("c", "x", "y")]
    assert summary(findings) == "1 failure, 2 warnings."
