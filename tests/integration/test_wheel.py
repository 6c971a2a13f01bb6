"""What a user installs: the wheel, with its locked dependencies, in an empty environment."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent_process import ROOT, spawn_process

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def uv():
    """uv as scripts/setup finds it: the user's, the one beside the environment, else from pip."""
    beside = ROOT / ".venv" / "uv" / "bin" / "uv"
    if found := shutil.which("uv"):
        return found
    if not beside.exists():
        run(sys.executable, "-m", "venv", beside.parent.parent)
        run(beside.parent / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")
    return beside


@pytest.fixture(scope="module")
def installed(uv, tmp_path_factory):
    """The folder of programs of an environment that has the wheel and what the lock says, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    environment = folder / "environment"
    run(uv, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
    [wheel] = folder.glob("*.whl")
    run(uv, "venv", "--quiet", "--python", sys.executable, environment)
    pip = (uv, "pip", "install", "--quiet", "--python", environment / "bin" / "python", "--no-deps")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements.lock")
    run(*pip, wheel)
    return environment / "bin"


async def test_the_installed_agent_answers_initialize_and_opens_a_session(installed, tmp_path):
    async with spawn_process(tmp_path / "home", command=(installed / "punie-acp", "--stdio"), cwd=tmp_path) as agent:
        answers = []
        for number, (method, params) in enumerate(
            [("initialize", {"protocolVersion": 1}), ("session/new", {"cwd": str(tmp_path), "mcpServers": []})]
        ):
            await agent.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            answers.append(json.loads(await agent.receive(timeout=60))["result"])

        assert answers[0]["agentInfo"]["name"] == "punie-acp"
        assert answers[1]["sessionId"]


def test_the_installed_command_says_its_version(installed, tmp_path):
    from punie_acp import __version__

    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    assert __version__ in run(installed / "punie-acp", "--version", cwd=tmp_path, env=environment)


def test_all_files_of_the_package_are_in_the_wheel(installed):
    code = "import punie_acp, pathlib; print(pathlib.Path(punie_acp.__file__).parent)"
    there = Path(run(installed / "python", "-c", code, cwd=installed).strip())

    assert not there.is_relative_to(ROOT)
    assert [name for name in tracked_files() if not (there.parent / name).exists()] == []


def tracked_files():
    return run("git", "ls-files", "punie_acp", cwd=ROOT).splitlines()
