"""What the server writes to the log: turns and calls by their ids, never what a user or a model wrote."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from punie_acp.codemode.events import CallFinished, CallRequested, ProgramChecked, ProgramFinished

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

    from punie_acp.agent.events import AgentEvent
    from punie_acp.settings import Settings


@cache
def logger(settings: Settings, name: str) -> BoundLogger:
    """A logger of this room. The first one sets up logging for the process, which imports structlog."""
    import structlog

    from punie_acp.logs import configure_logging

    configure_logging(settings)
    return structlog.get_logger(room=name)


def log_event(log: BoundLogger, event: AgentEvent) -> None:
    """One line for each program and each call; `command` and `program` are shown at level debug only."""
    if isinstance(event, ProgramChecked):
        log.info("program checked", program_id=event.program_id, program=event.code, repairs=len(event.repairs))
    elif isinstance(event, CallRequested):
        log.info("call requested", call=event.call_id, type=str(event.type), command=event.title)
    elif isinstance(event, CallFinished):
        log.info("call finished", call=event.call_id, status=event.status)
    elif isinstance(event, ProgramFinished):
        error = event.outcome.error
        log.info("program finished", program_id=event.program_id, error=error.kind if error else None)
