"""A project folder to work in, and its workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from punie_acp.workspace.local import LocalWorkspace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def workspace(project: Path) -> LocalWorkspace:
    return LocalWorkspace(project)
