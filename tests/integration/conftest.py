"""Agents for the conversations that do not disturb each other, and a project to work on.

An agent takes one to two seconds of computing until its first answer, so each of these serves all modules that do not
ask for one of their own.
"""

from __future__ import annotations

import pytest

from tests.acp_client import spawn_agent


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def project(tmp_path):
    """A small project, as a user would have one."""
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "shapes.py").write_text("def area(w, h):\n    return w * h  # TODO: units\n")
    (root / "src" / "colours.py").write_text("RED = 1  # TODO\nBLUE = 2  # TODO\n")
    (root / "README.md").write_text("# Shapes\n\nThings with an area.\n")
    return root


@pytest.fixture(scope="session")
async def echo_agent(tmp_path_factory):
    """A client without files and terminals, of an agent whose model runs the programs of its prompt."""
    async with spawn_agent(tmp_path_factory.mktemp("agent")) as client:
        yield client


@pytest.fixture(scope="session")
async def prompted_agent(tmp_path_factory):
    """Likewise, of an agent whose model plays the script that the prompt is (see `play`). Nothing needs permission."""
    model = "import:tests.integration.odd_models:prompted"
    async with spawn_agent(tmp_path_factory.mktemp("agent"), model=model, settings={"mode": "auto"}) as client:
        yield client


@pytest.fixture(scope="session")
async def recalling_agent(tmp_path_factory):
    """Likewise; a prompt that is no script is answered with what the model was told before."""
    model = "import:tests.integration.odd_models:recalling"
    async with spawn_agent(tmp_path_factory.mktemp("agent"), model=model, settings={"mode": "auto"}) as client:
        yield client


@pytest.fixture
async def client(echo_agent):
    """That client, with the policy "allow"; after the test, nothing on the wire was wrong."""
    echo_agent.allow = "allow_once"
    echo_agent.questions.clear()
    yield echo_agent
    echo_agent.check()
