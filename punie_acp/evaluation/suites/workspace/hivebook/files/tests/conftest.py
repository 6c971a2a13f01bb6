import shutil
from pathlib import Path

import pytest

from tests.client import Client


@pytest.fixture
def client(tmp_path):
    """A client of the application over a copy of the data."""
    return Client(shutil.copytree(Path(__file__).parent.parent / "data", tmp_path / "data"))
