"""From the name of a model to a pydantic-ai model that is ready, loaded once and shared by all sessions."""

from __future__ import annotations

import importlib
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from pydantic_ai.models import Model

    from punie_acp.inference.engine import MlxEngine
    from punie_acp.settings import Settings


SECONDS_UNTIL_SAID = 0.3


class ModelUnavailableError(Exception):
    """A model cannot be used; the message says why and what to type."""


@dataclass(frozen=True, slots=True)
class ReadyModel:
    """A model that answers, and what a client may be told of it."""

    name: str
    model: Model
    is_local: bool = False  # runs in this process
    context_tokens: int | None = None
    warning: str | None = None  # something that makes it slower than it could be

    def takes(self, kind: Literal["image", "audio"]) -> bool:
        """Whether prompts may have such content, as far as pydantic-ai knows of the model."""
        profile = self.model.profile
        if kind == "image":
            return profile.get("supports_image_input", True)
        return profile.get("supports_audio_file_input", True)


class Models:
    """The models of this process. A local one is loaded in the engine's own thread, at most one at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ready: dict[str, ReadyModel] = {}
        self._engine: MlxEngine | None = None
        self._local = ""  # the name whose model the engine holds
        self._loading = anyio.Lock()
        self._users = 0  # turns that use the engine now
        self._unused = anyio.Event()

    async def get(self, name: str, on_wait: Callable[[str], Awaitable[None]] | None = None) -> ReadyModel:
        """The model called `name` (see `Settings.model`), loading it first if need be.

        `on_wait` is told, in a sentence for the user, if this takes a while. Raises `ModelUnavailableError`.
        """
        if name in self._ready:
            return self._ready[name]
        loaded: ReadyModel | ModelUnavailableError | None = None
        async with anyio.create_task_group() as tasks:
            if on_wait is not None:
                tasks.start_soon(_say_later, on_wait)
            try:
                loaded = await self._get_in_turn(name)
            except ModelUnavailableError as error:
                loaded = error
            tasks.cancel_scope.cancel()
        if isinstance(loaded, ModelUnavailableError):
            raise loaded
        assert loaded is not None
        return loaded

    @asynccontextmanager
    async def using(
        self, name: str, on_wait: Callable[[str], Awaitable[None]] | None = None
    ) -> AsyncGenerator[ReadyModel]:
        """As `get`; inside this, a local model stays loaded, whatever other sessions ask for."""
        ready = await self.get(name, on_wait)
        self._users += ready.is_local
        try:
            yield ready
        finally:
            self._users -= ready.is_local
            if not self._users:
                self._unused.set()
                self._unused = anyio.Event()

    async def close(self) -> None:
        """End the engine's thread."""
        if self._engine is not None:
            await self._engine.close()

    async def _get_in_turn(self, name: str) -> ReadyModel:
        async with self._loading:
            if name not in self._ready:
                self._ready[name] = await self._load(name)
            return self._ready[name]

    async def _load(self, name: str) -> ReadyModel:
        if name.startswith("import:"):
            return ReadyModel(name, await anyio.to_thread.run_sync(_imported, name.removeprefix("import:")))
        if ":" in name:
            return ReadyModel(name, await anyio.to_thread.run_sync(_inferred, name))
        return await self._load_local(name)

    async def _load_local(self, name: str) -> ReadyModel:
        from punie_acp.inference.chat import Chat
        from punie_acp.inference.dialects import choose_dialect
        from punie_acp.inference.engine import MlxEngine
        from punie_acp.inference.model import LocalModel
        from punie_acp.inference.types import EngineError
        from punie_acp.weights.store import ModelStore, WeightsError

        settings = self._settings
        try:
            installed = await anyio.to_thread.run_sync(ModelStore(settings.models_dir).resolve, name)
            engine = MlxEngine(
                installed.path, context_tokens=settings.context_tokens, prefix_folder=settings.data_dir / "prefixes"
            )
            await self._replace_engine(name, engine)
            assert self._engine is not None
            info = await self._engine.load()
            chat = await anyio.to_thread.run_sync(Chat.load, installed.path)
        except (WeightsError, EngineError) as error:
            raise ModelUnavailableError(str(error)) from error
        known = installed.dialect if settings.tools == "program" else None  # by measurement of programs
        dialect = choose_dialect(settings.dialect, known, chat.template)
        model = LocalModel(self._engine, chat, dialect, model_name=installed.name)
        return ReadyModel(
            installed.name, model, is_local=True, context_tokens=info.context_tokens, warning=info.warning
        )

    async def _replace_engine(self, name: str, engine: MlxEngine) -> None:
        """One engine at a time: two models would not fit in the memory of the laptops this is made for."""
        while self._users:
            await self._unused.wait()
        if self._engine is not None:
            self._ready.pop(self._local, None)
            await self._engine.close()
        self._engine, self._local = engine, name


async def _say_later(on_wait: Callable[[str], Awaitable[None]]) -> None:
    await anyio.sleep(SECONDS_UNTIL_SAID)
    await on_wait("Loading the model …")


def _imported(path: str) -> Model:
    """The pydantic-ai model at `module:attribute`; a callable there is called without arguments."""
    from pydantic_ai.models import Model

    module, _, attribute = path.partition(":")
    try:
        value: object = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ModelUnavailableError(f"the model 'import:{path}' cannot be imported: {error}") from error
    model: object = value() if callable(value) else value
    if not isinstance(model, Model):
        raise ModelUnavailableError(f"'import:{path}' is a {type(model).__name__}, not a pydantic-ai model")
    return cast("Model", model)


def _inferred(name: str) -> Model:
    from pydantic_ai.exceptions import UserError
    from pydantic_ai.models import infer_model

    try:
        return infer_model(name)
    except (UserError, ImportError, ValueError) as error:
        raise ModelUnavailableError(f"the model {name!r} cannot be used: {error}") from error
