"""Our engine behind OpenAI's `/v1/chat/completions`, on the loopback: what the peer asks instead of a service.

Weights, kernels, tokenizer, chat template, greedy decoding and the KV cache are the product's own. The tools of a
request are told by the model's own template or, where that knows none, by our dialect, which reads its calls too.
"""

from __future__ import annotations

import json
import socket
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import anyio
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import ModelRequestParameters

from punie_acp.evaluation.harness.openai_wire import Memory, WireError, completion, to_messages, to_tools
from punie_acp.inference.model import LocalModelSettings
from punie_acp.inference.types import EngineError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pydantic_ai.messages import ModelResponse
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from punie_acp.inference.model import LocalModel

CONVERSATION = "harness"
"""The one KV cache: the peer has one conversation at a time, and what two begin with alike is found again."""


@dataclass(slots=True)
class Totals:
    """What the requests have cost since the server began. Tokens, seconds."""

    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    prefill_seconds: float = 0.0
    decode_seconds: float = 0.0

    def add(self, response: ModelResponse) -> None:
        """Count a response."""
        details, usage = response.provider_details or {}, response.usage
        self.requests += 1
        self.input_tokens += usage.input_tokens
        self.cached_tokens += usage.cache_read_tokens
        self.output_tokens += usage.output_tokens
        self.prefill_seconds += float(details.get("prefill_seconds", 0.0))
        self.decode_seconds += float(details.get("decode_seconds", 0.0))


class ModelServer:
    """Serves one model."""

    def __init__(self, model: LocalModel) -> None:
        self._model = model
        self._memory = Memory()
        self._turn = anyio.Lock()  # the KV cache is that of one request at a time
        self.totals = Totals()

    def app(self) -> Starlette:
        """The two routes, as an ASGI application."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.complete, methods=["POST"]),
                Route("/totals", self.tell_totals, methods=["GET"]),
            ]
        )

    async def complete(self, request: Request) -> Response:
        """`POST /v1/chat/completions`, whole answers only."""
        from starlette.responses import JSONResponse

        try:
            told: dict[str, Any] = json.loads(await request.body())
            async with self._turn:
                response = await self._answer(told)
        except (WireError, UserError, ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": {"message": f"{error}", "type": "invalid_request_error"}}, 400)
        except EngineError as error:
            return JSONResponse({"error": {"message": f"{error}", "type": "server_error"}}, 500)
        self.totals.add(response)
        self._memory.keep(response)
        return JSONResponse(completion(response, self._model.model_name))

    async def tell_totals(self, _request: Request) -> Response:
        """`GET /totals`."""
        from starlette.responses import JSONResponse

        return JSONResponse(asdict(self.totals))

    async def _answer(self, told: dict[str, Any]) -> ModelResponse:
        if told.get("stream"):
            raise WireError("this server gives whole answers only")
        settings = LocalModelSettings(cache_key=CONVERSATION, temperature=float(told.get("temperature") or 0.0))
        limit = told.get("max_completion_tokens") or told.get("max_tokens")
        if limit:
            settings["max_tokens"] = int(limit)
        if told.get("parallel_tool_calls") is False:
            settings["parallel_tool_calls"] = False
        parameters = ModelRequestParameters(function_tools=to_tools(told.get("tools") or ()), allow_text_output=True)
        return await self._model.request(to_messages(told["messages"], self._memory), settings, parameters)


@asynccontextmanager
async def serving(server: ModelServer) -> AsyncGenerator[str]:
    """The server on a free port of the loopback, as long as the block lasts: its base URL, "http://127.0.0.1:…/v1"."""
    import uvicorn

    config = uvicorn.Config(
        server.app(), http="h11", ws="none", lifespan="off", log_config=None, access_log=False, log_level="error"
    )
    web = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(web._serve, [listener])  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - `serve` takes the signals
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            finally:
                web.should_exit = True
