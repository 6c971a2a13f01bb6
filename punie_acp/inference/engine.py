"""The MLX engine: one thread that owns the model and every array, and the asynchronous face that the rest sees.

Requests go to the thread through a queue and run one at a time, first come first served. Events come back over the
event loop of whoever asked, one by one as they happen. The event loop never touches an array.
"""

from __future__ import annotations

import asyncio
import atexit
import queue
import sys
import threading
import weakref
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import anyio

from punie_acp.inference.events import RequestEvents
from punie_acp.inference.types import EngineError, ModelInfo

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from punie_acp.inference.blas import Blas
    from punie_acp.inference.kv import SessionCaches
    from punie_acp.inference.loading import LoadedModel
    from punie_acp.inference.types import EngineEvent, GenerationRequest

_CLOSED = "The engine is closed."
_EXIT_SECONDS = 30.0  # at most: the end of the process waits for the prefill step that is under way
_CLOSE_SECONDS = 1.0  # at most: `close` then leaves the thread to end by itself


class MlxEngine:
    """An `Engine` for the MLX model folder at `path`. Nothing is imported, started or read before `load`."""

    def __init__(
        self,
        path: Path,
        *,
        context_tokens: int = 16384,
        max_cached_sessions: int = 8,
        max_cached_bytes: int = 2 << 30,
        prefix_folder: Path | None = None,
    ) -> None:
        """`prefix_folder` is where the keys and values of instructions are kept for the next process."""
        limits = (max_cached_sessions, max_cached_bytes)
        self._thread = _EngineThread(path, context_tokens, limits, prefix_folder)

    async def load(self) -> ModelInfo:
        """Load the model on the engine's thread. Idempotent, and concurrent callers share one load.

        Raises `EngineError`; after that, loading may be tried again.
        """
        return await asyncio.shield(asyncio.wrap_future(self._thread.load()))

    @property
    def info(self) -> ModelInfo | None:
        """None until loaded."""
        return self._thread.info

    @asynccontextmanager
    async def generate(self, request: GenerationRequest) -> AsyncGenerator[AsyncIterator[EngineEvent]]:
        """Run a request, loading the model first if need be. Raises `EngineError` for one that cannot run.

        Leaving the context cancels at the next token or prefill step, or before a queued request has started.
        """
        from punie_acp.inference.generation import check_request

        info = await self.load()
        check_request(request, info.context_tokens, info.vocabulary)
        job = _Generate(request)
        try:
            self._thread.post(job)
            yield job.events
        finally:
            job.cancel()

    async def forget(self, cache_key: str) -> None:
        """Drop the KV cache of a session, after the requests that are already queued."""
        self._thread.post(_Forget(cache_key))

    async def close(self) -> None:
        """Cancel everything, end the thread and free every array. The engine cannot be used afterwards.

        Returns within about a second: a prefill step of a large model takes longer than that, and cannot be broken
        off; its thread ends, and frees what it holds, when the step is done.
        """
        self._thread.stop()
        with anyio.move_on_after(_CLOSE_SECONDS):
            await self._thread.ended()


class _Job(Protocol):
    """Something for the engine's thread to do."""

    def run(self, thread: _EngineThread) -> None: ...

    def refuse(self, error: EngineError) -> None:
        """The thread ends before it got to this job."""
        ...


@dataclass(slots=True)
class _Load:
    done: Future[ModelInfo] = field(default_factory=Future[ModelInfo])

    def run(self, thread: _EngineThread) -> None:
        try:
            self.done.set_result(thread.load_now())
        except EngineError as error:
            self.done.set_exception(error)
        except Exception as error:  # noqa: BLE001 - a library's fault must reach who waits, not kill the thread
            self.done.set_exception(EngineError(f"{thread.path.name} cannot be loaded: {error!r}"))

    def refuse(self, error: EngineError) -> None:
        self.done.set_exception(error)


@dataclass(slots=True)
class _Generate:
    request: GenerationRequest
    events: RequestEvents = field(default_factory=RequestEvents)
    _left: threading.Event = field(default_factory=threading.Event)

    def run(self, thread: _EngineThread) -> None:
        if self._left.is_set():
            return
        try:
            thread.generate_now(self.request, self._left, self._emit)
        except EngineError as error:
            self.events.send(error)
        except Exception as error:  # noqa: BLE001 - as above
            self.events.send(EngineError(f"The model failed while it was decoding: {error!r}"))

    def refuse(self, error: EngineError) -> None:
        self.events.send(error)

    def cancel(self) -> None:
        self._left.set()
        self.events.close()

    def _emit(self, event: EngineEvent) -> None:
        if not self.events.send(event):
            self._left.set()


@dataclass(frozen=True, slots=True)
class _Forget:
    cache_key: str

    def run(self, thread: _EngineThread) -> None:
        thread.forget_now(self.cache_key)

    def refuse(self, error: EngineError) -> None:
        """Nothing is kept by an engine that is closed."""


class _EngineThread:
    """The queue, the thread, and what only the thread may touch: the model and the caches."""

    def __init__(
        self, path: Path, context_tokens: int, cache_limits: tuple[int, int], prefix_folder: Path | None
    ) -> None:
        self.path = path
        self.info: ModelInfo | None = None
        self._context_tokens = context_tokens
        self._cache_limits = cache_limits  # sessions, bytes
        self._prefix_folder = prefix_folder
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # guards starting, stopping and the shared load
        self._thread: threading.Thread | None = None
        self._loading: Future[ModelInfo] | None = None
        self._loaded: LoadedModel | None = None
        self._caches: SessionCaches | None = None

    def load(self) -> Future[ModelInfo]:
        """The shared load, begun now if it has not been, or if it failed."""
        with self._lock:
            if self._loading is None or (self._loading.done() and self._loading.exception() is not None):
                job = _Load()
                self._loading = job.done
                self._post(job)
            return self._loading

    def post(self, job: _Job) -> None:
        with self._lock:
            self._post(job)

    def _post(self, job: _Job) -> None:
        if self._stopping.is_set():
            job.refuse(EngineError(_CLOSED))
            return
        if self._thread is None:
            # A daemon, so that a process that ends without `close` is not kept alive; `_stop_at_exit` ends it cleanly.
            self._thread = threading.Thread(target=self._run, name="mlx-engine", daemon=True)
            _running.add(self)
            self._thread.start()
        self._jobs.put(job)

    def stop(self) -> None:
        """Cancel what runs at its next step, refuse what is queued, and let the thread end."""
        with self._lock:
            self._stopping.set()
            self._jobs.put(None)

    async def ended(self) -> None:
        """Wait for the thread without occupying another one, which the event loop would then wait for when it ends."""
        while self._thread is not None and self._thread.is_alive():  # noqa: ASYNC110 - a thread cannot set an Event of anyio
            await anyio.sleep(0.01)

    def join(self, timeout: float | None = None) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._stopping.is_set():
                job.refuse(EngineError(_CLOSED))
            else:
                job.run(self)
        self._free()

    def _free(self) -> None:
        self._caches = self._loaded = None
        if "mlx.core" in sys.modules:
            import mlx.core as mx

            mx.clear_cache()
            # What mlx 0.32 keeps for a thread holds Python objects. Freed by the thread's own end instead, it would
            # reach for an interpreter that may be gone, and abort the process (ml-explore/mlx#4373).
            mx.clear_streams()
        _running.discard(self)

    def load_now(self) -> ModelInfo:
        from punie_acp.inference.blas import load_fast_blas

        started = perf_counter()
        blas = load_fast_blas()  # before the first import of mlx
        from mlx_lm.models.cache import make_prompt_cache

        from punie_acp.inference.kv import SessionCaches
        from punie_acp.inference.loading import LoadingStoppedError, load_model
        from punie_acp.inference.prefixes import PrefixFolder, model_key

        try:
            loaded = load_model(self.path, context_tokens=self._context_tokens, should_stop=self._stopping.is_set)
        except LoadingStoppedError:
            raise EngineError(_CLOSED) from None
        sessions, count = self._cache_limits
        self._loaded = loaded
        key = f"{loaded.device} {'packed' if loaded.packed else 'plain'}"
        folder = self._prefix_folder
        self._caches = SessionCaches(
            lambda: make_prompt_cache(loaded.model),
            max_sessions=sessions,
            max_bytes=count,
            prefixes=PrefixFolder(folder, model_key(self.path, key)) if folder else None,
        )
        self.info = _model_info(self.path, loaded, blas, perf_counter() - started)
        return self.info

    def generate_now(self, request: GenerationRequest, left: threading.Event, emit: _Emit) -> None:
        from punie_acp.inference.generation import run_request

        if self._loaded is None or self._caches is None:
            raise EngineError("The model is not loaded.")
        run_request(
            self._loaded,
            self._caches,
            request,
            cancelled=lambda: left.is_set() or self._stopping.is_set(),
            emit=emit,
        )

    def forget_now(self, cache_key: str) -> None:
        if self._caches is not None:
            self._caches.forget(cache_key)


class _Emit(Protocol):
    def __call__(self, event: EngineEvent, /) -> None: ...


def _model_info(path: Path, loaded: LoadedModel, blas: Blas, seconds: float) -> ModelInfo:
    on_cpu = loaded.device == "cpu"
    return ModelInfo(
        path=path,
        device=loaded.device,
        context_tokens=loaded.context_tokens,
        eos_tokens=loaded.eos_tokens,
        vocabulary=loaded.vocabulary,
        resident_bytes=loaded.resident_bytes,
        load_seconds=seconds,
        blas=blas.name if on_cpu else "none",
        warning=blas.warning if on_cpu else None,
    )


_running: weakref.WeakSet[_EngineThread] = weakref.WeakSet()


@atexit.register
def _stop_at_exit() -> None:  # pyright: ignore[reportUnusedFunction] - atexit calls it
    """A thread inside MLX while the interpreter is taken down would crash the process."""
    threads = list(_running)
    for thread in threads:
        thread.stop()
    for thread in threads:
        thread.join(_EXIT_SECONDS)
