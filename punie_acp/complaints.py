"""How an error that no command has dealt with is told to the user: one line on stderr, never a traceback."""

from __future__ import annotations

import sys
from typing import cast

from punie_acp.settings import Settings, SettingsError, load_settings


def complain(raised: Exception) -> None:
    """Say what went wrong. A fault that is ours is kept in the log with its traceback."""
    error = _cause(raised)
    if sentence := _sentence(error):
        print(f"punie-acp: {sentence}", file=sys.stderr)  # noqa: T201
    else:
        _report_fault(error)


def _cause(error: Exception) -> Exception:
    """The first error inside the groups that task groups make."""
    if isinstance(error, ExceptionGroup):
        group = cast("ExceptionGroup[Exception]", error)
        return _cause(group.exceptions[0])
    return error


def _sentence(error: Exception) -> str:
    """An expected error in a sentence; empty for one that is our fault."""
    from punie_acp.editors.files import EditorSettingsError
    from punie_acp.evaluation.errors import EvaluationError
    from punie_acp.server.store.base import StoreError
    from punie_acp.weights.errors import WeightsError

    if isinstance(error, (SettingsError, WeightsError, EditorSettingsError, StoreError, EvaluationError)):
        return str(error)
    return ""


def _report_fault(error: Exception) -> None:
    """Say on stderr that the fault is ours, and keep its traceback in the log."""
    import structlog

    from punie_acp.logs import configure_logging

    try:
        settings = load_settings()
    except SettingsError:
        settings = Settings()
    configure_logging(settings)
    structlog.get_logger().error(f"internal error; the traceback is in {settings.log_dir}", exc_info=error)
