"""Which failures a user can do something about: those become a sentence for the client."""

from __future__ import annotations

from punie_acp.protocol.errors import INTERNAL_ERROR, INVALID_PARAMS, NOT_FOUND, RpcError
from punie_acp.server.store.base import CursorError, StoreError, UnknownSessionError


def of_store(error: Exception) -> Exception:
    """The error for the client, where `error` is the store's; others stay what they are."""
    if isinstance(error, UnknownSessionError):
        return RpcError(NOT_FOUND, str(error))
    if isinstance(error, CursorError):
        return RpcError(INVALID_PARAMS, f"cursor: {error}")
    return RpcError(INTERNAL_ERROR, str(error)) if isinstance(error, StoreError) else error


def of_turn(error: Exception) -> Exception:
    """The error for the client, where `error` is the model's or the store's; others stay what they are."""
    from pydantic_ai.exceptions import AgentRunError

    from punie_acp.agent.models import ModelUnavailableError
    from punie_acp.inference.types import EngineError

    if isinstance(error, ModelUnavailableError | EngineError):
        return RpcError(INTERNAL_ERROR, str(error))
    if isinstance(error, AgentRunError):
        return RpcError(INTERNAL_ERROR, f"the model failed: {error}")
    return of_store(error)
