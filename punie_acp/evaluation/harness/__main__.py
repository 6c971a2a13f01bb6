"""The agent of the arm `harness`: the model, its server, and the peer that is asked by ACP over our own pipes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from punie_acp.evaluation.harness.environment import HARNESS
from punie_acp.evaluation.harness.model_server import ModelServer, serving
from punie_acp.settings import load_settings

if TYPE_CHECKING:
    from punie_acp.inference.model import LocalModel
    from punie_acp.settings import Settings

PEER = "peer_agent.py"


async def load_model(settings: Settings) -> LocalModel:
    """The model as the product loads it, in the dialect of its template. Raises `EngineError`, `WeightsError`."""
    from punie_acp.inference.chat import Chat
    from punie_acp.inference.dialects import choose_dialect
    from punie_acp.inference.engine import MlxEngine
    from punie_acp.inference.model import LocalModel
    from punie_acp.weights.store import ModelStore

    installed = ModelStore(settings.models_dir).resolve(settings.model)
    engine = MlxEngine(installed.path, context_tokens=settings.context_tokens)
    await engine.load()
    chat = Chat.load(installed.path)
    return LocalModel(engine, chat, choose_dialect(settings.dialect, None, chat.template), model_name=installed.name)


def peer_settings(settings: Settings, url: str) -> dict[str, Any]:
    """What the peer is told: where the model is, and the budgets that our own arms have."""
    return {
        "url": url,
        "model": settings.model,
        "requests": settings.max_model_requests,
        "request_tokens": settings.max_request_tokens,
        "turn_tokens": settings.max_turn_tokens,
        "turn_seconds": settings.max_turn_seconds,
        "calls": settings.max_external_calls,
        "program_seconds": settings.program_seconds,
        "program_memory_mib": settings.program_memory_mib,
        "command_seconds": settings.command_seconds,
        "output_bytes": settings.program_output_bytes,
    }


async def main() -> int:
    """Run until the peer ends. Its exit status."""
    settings = load_settings()
    python = await anyio.to_thread.run_sync(HARNESS.python)
    async with serving(ModelServer(await load_model(settings))) as url:
        script = str(Path(__file__).with_name(PEER))
        told = json.dumps(peer_settings(settings, url))
        process = await anyio.open_process(
            [str(python), script, told], stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr
        )
        return await process.wait()


if __name__ == "__main__":
    os._exit(anyio.run(main))  # as the product ends: not by way of MLX's and Monty's own ends
