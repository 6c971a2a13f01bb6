"""The peer's environment: an interpreter with pydantic-ai-harness."""

from __future__ import annotations

from punie_acp.evaluation.environment import Environment

HARNESS = Environment("pydantic-ai-harness", ("pydantic-ai-harness[code-mode]==0.62.*", "pydantic-ai-slim[openai]"))


def harness_version() -> str:
    """Make sure that the peer is there: its name and version. Raises `EvaluationError`."""
    version = HARNESS.ask(
        HARNESS.python(), "from importlib.metadata import version; print(version('pydantic-ai-harness'))"
    )
    return f"{HARNESS.name} {version}"
