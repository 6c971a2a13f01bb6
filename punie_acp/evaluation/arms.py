"""The arms of a comparison: the same product, weights, limits and functions; only how the model writes a call differs.

Sampling is greedy in all, and all reuse the KV cache; both are the product's defaults. The arm `harness` is another
product over the same model: see `harness/`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.harness.environment import harness_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def _nothing() -> str:
    """Our own arms need nothing but the product."""
    return ""


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of acting. `settings` are those of `punie_acp.settings` that make it."""

    name: str
    meaning: str
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    module: str = "punie_acp"  # that is the agent, with `--stdio`
    make_ready: Callable[[], str] = _nothing  # what it needs that is not ours: what to say of it in the report


ARMS: Mapping[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm("code", "one program a turn, in the model's own dialect"),
        Arm("code-fence", "one program a turn, in a Markdown fence", {"dialect": "fence"}),
        Arm("code-xml", "one program a turn, as Qwen3-Coder's XML call", {"dialect": "xml"}),
        Arm("code-json", "one program a turn, as a Hermes JSON call", {"dialect": "json"}),
        Arm("xml", "one call a turn, in Qwen3-Coder's XML", {"tools": "call", "dialect": "xml"}),
        Arm("xml-parallel", "calls in Qwen3-Coder's XML, several a turn", {"tools": "calls", "dialect": "xml"}),
        Arm("json", "one call a turn, in Hermes JSON", {"tools": "call", "dialect": "json"}),
        Arm(
            "harness",
            "one program a turn in pydantic-ai-harness's CodeMode",
            module="punie_acp.evaluation.harness",
            make_ready=harness_version,
        ),
    )
}


def chosen_arms(names: Sequence[str]) -> tuple[Arm, ...]:
    """The arms of these names, in this order. Raises `EvaluationError`."""
    unknown = [name for name in names if name not in ARMS]
    if unknown:
        raise EvaluationError(f"there is no arm {unknown[0]!r}; the arms are {', '.join(ARMS)}")
    return tuple(ARMS[name] for name in dict.fromkeys(names))
