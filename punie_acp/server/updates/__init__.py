"""What happens in a turn, as ACP session updates: `session.py` reads from top to bottom, one event after the other."""

from punie_acp.server.updates.calls import META_KEY, call_question
from punie_acp.server.updates.session import Updates
from punie_acp.server.updates.wire import Update

__all__ = ["META_KEY", "Update", "Updates", "call_question"]
