"""All checks in order, each on its own: one that breaks is a finding too, and the next ones still run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.doctor import environment, mlx, model, sandbox
from punie_acp.doctor.findings import Finding, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from punie_acp.settings import Settings

REPORT = "This is a fault of punie-acp or of the installation: please report it with the output of --json."

CHECKS: tuple[tuple[str, Callable[[Settings], Sequence[Finding]]], ...] = (
    ("python", environment.check_python),
    ("folders", environment.check_folders),
    ("mlx", mlx.check_mlx),
    ("kernel", mlx.check_kernel),
    ("speed", mlx.check_speed),
    ("model", model.check_model),
    ("memory", model.check_memory),
    ("tokenizer", model.check_tokenizer),
    ("monty", sandbox.check_monty),
    ("editors", environment.check_editors),
)


def run_checks(environ_settings: Callable[[], Settings]) -> Generator[Finding]:
    """Yield each finding as soon as it is known. `environ_settings` loads the settings; that is checked first."""
    finding, settings = environment.check_settings(environ_settings)
    yield finding
    for name, check in CHECKS:
        yield from _isolated(name, check, settings)


def _isolated(name: str, check: Callable[[Settings], Sequence[Finding]], settings: Settings) -> Sequence[Finding]:
    try:
        return check(settings)
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs into the report
        return [failure(name, f"the check ended with {type(error).__name__}: {error}", REPORT)]
