"""What all rooms' tests share: the fast BLAS before anything imports MLX, and the one real model."""

from __future__ import annotations

import os

import pytest

from punie_acp.inference.blas import load_fast_blas
from punie_acp.settings import load_settings
from punie_acp.weights.errors import NetworkError
from punie_acp.weights.progress import progress_for
from punie_acp.weights.store import InstalledModel, ModelStore

load_fast_blas()  # before any test module imports mlx, which keeps the BLAS it finds first


@pytest.fixture(scope="session")
def real_model() -> InstalledModel:
    """Qwen2.5-Coder 0.5B from the user's own store, downloaded once. In CI a failure to download fails the test."""
    store = ModelStore(load_settings().models_dir)
    try:
        return store.pull("qwen2.5-coder-0.5b", progress_for())
    except NetworkError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the real model cannot be downloaded here: {error}")
