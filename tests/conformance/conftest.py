"""The clients that others wrote, installed once, and a project to set them to work on."""

from __future__ import annotations

import pytest

from tests.acp_schema import read_schema
from tests.conformance import node


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def packages():
    """The folder of the npm packages."""
    return node.installed()


@pytest.fixture(scope="session")
def newest_schema(packages):
    """The schema of the TypeScript SDK, newer than ours, with what is unstable too."""
    return read_schema(packages / "node_modules/@agentclientprotocol/sdk/schema/v1/schema.unstable.json")


@pytest.fixture
def project(tmp_path):
    """A small project."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "README.md").write_text("# Shapes\n")
    return root
