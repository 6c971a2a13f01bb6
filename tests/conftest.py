"""What all rooms' tests share: the fast BLAS before anything imports MLX, the one real model, and the checked wires."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from punie_acp.inference.blas import load_fast_blas
from punie_acp.settings import load_settings
from punie_acp.weights.errors import NetworkError
from punie_acp.weights.progress import progress_for
from punie_acp.weights.store import InstalledModel, ModelStore
from tests import conversations

# The same examples each time, so that a change is judged by what it changes; `HYPOTHESIS=random` looks for new ones.
# How long one takes says more about the machine than about the code.
_UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, database=None, **_UNTIMED)
settings.register_profile("random", **_UNTIMED)
settings.load_profile(os.environ.get("HYPOTHESIS", "repeatable"))

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


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Tell with a failure what passed over the wires of the test."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
        if tails := conversations.tails():
            report.sections.append(("the wire: > client, < agent", tails))
    return report


@pytest.fixture(autouse=True)
def _checked_wires(request):
    """After each test nothing on its wires was wrong, and what it says that it proves has passed there."""
    conversations.begin_test()
    yield
    if request.node.stash.get(_FAILED, False):
        return
    conversations.check_all()
    claims = [name for mark in request.node.iter_markers("proves") for name in mark.args]
    if missing := conversations.unproven(claims):
        pytest.fail(f"the test says that it proves {', '.join(missing)}; nothing of the kind passed over the wire")
