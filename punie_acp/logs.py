"""Where log lines go: each as JSON to a file in the user's log folder, warnings and worse to stderr, none to stdout.

`configure_logging` is called once a process, by the server only after `initialize` has been answered: structlog takes
longer to import than that answer may take. Until then structlog would print to stdout, so nothing may log earlier.

Code logs with `structlog.get_logger().info("what happened", key=value)`; the standard library's `logging`, through
which mlx_lm, transformers, huggingface_hub, httpx and asyncio speak, ends in the same two places.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, MutableMapping
    from pathlib import Path

    from structlog.typing import Processor

    from punie_acp.settings import Settings

MAX_FILE_BYTES = 5 * 1024 * 1024
OLD_FILES = 3

PRIVATE_KEYS = frozenset({"prompt", "text", "program", "code", "content", "arguments", "result", "output", "command"})
"""Keys of a log line whose values are the user's own text: only their lengths are logged, unless the level is debug."""

CONTEXT_KEYS = ("session", "turn", "call")
HANDLER_NAMES = ("punie-acp stderr", "punie-acp file")
LIBRARIES_WITH_OWN_HANDLERS = ("transformers", "huggingface_hub")
CHATTY_LIBRARIES = ("httpx", "httpcore", "asyncio", "filelock", "urllib3")


def configure_logging(settings: Settings) -> None:
    """Send the log lines of this process to `punie-acp.log` in `settings.log_dir` and to stderr. May be called again.

    Never fails: if the folder cannot be written, one line on stderr says so and only stderr is used.
    """
    import structlog

    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared = _shared_processors(keep_private_text=settings.log_level == "debug")
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    _set_root_handlers([_stderr_handler(shared), *_file_handlers(settings.log_dir / "punie-acp.log", shared)], level)
    _route_libraries()


@contextmanager
def log_context(**names: str) -> Generator[None]:
    """Add `names` (`session="…"`, `turn="…"`, `call="…"`) to each line logged inside, also by tasks started inside."""
    import structlog

    with structlog.contextvars.bound_contextvars(**names):
        yield


def hide_private_text(_logger: object, _method: str, line: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """A structlog processor: the values of `PRIVATE_KEYS` become their lengths."""
    for key in PRIVATE_KEYS & line.keys():
        line[key] = f"({len(str(line[key]))} characters; shown at log level debug)"
    return line


class SharedRotatingFile(logging.Handler):
    """Appends lines to a file that several processes share, and renames it to `.1`, `.2`, … when it is full.

    A line is one `write` on a descriptor opened with O_APPEND, so lines of different processes do not mix. Only the
    holder of a lock renames; the others notice at their next line that the name stands for a new file. What a process
    writes in between is kept, in `.1`.
    """

    def __init__(self, file: Path, max_bytes: int = MAX_FILE_BYTES, old_files: int = OLD_FILES) -> None:
        super().__init__()
        self._file, self._max_bytes, self._old_files = file, max_bytes, old_files
        self._descriptor = self._open()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = (self.format(record) + "\n").encode(errors="replace")
            self._follow_or_rotate(len(line))
            os.write(self._descriptor, line)
        except Exception:  # noqa: BLE001 - logging's own rule: a log line that cannot be written stops nobody
            self.handleError(record)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        super().close()

    def _open(self) -> int:
        # 0600: at log level debug the file holds the user's prompts and files.
        return os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def _reopen(self) -> None:
        os.close(self._descriptor)
        self._descriptor = self._open()

    def _follow_or_rotate(self, incoming: int) -> None:
        if not self._is_current():
            self._reopen()
        if self._is_full(incoming):
            self._rotate(incoming)

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(self._file.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def _is_full(self, incoming: int) -> bool:
        size = os.fstat(self._descriptor).st_size
        return size > 0 and size + incoming > self._max_bytes

    def _rotate(self, incoming: int) -> None:
        lock = os.open(self._file.with_name(self._file.name + ".lock"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._is_current():  # another process has rotated while this one waited
                self._reopen()
            if self._is_full(incoming):
                self._rename_all()
                self._reopen()
        finally:
            os.close(lock)

    def _rename_all(self) -> None:
        for number in range(self._old_files - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._file.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._file.with_name(f"{self._file.name}.{number}")


class _AdoptedLogger(logging.Logger):
    """The logger of a library that, when imported, would give itself a handler and stop passing its lines on."""

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802 - logging's own name
        """Take no handler: the root's are enough."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, True if name == "propagate" else value)


def _shared_processors(*, keep_private_text: bool) -> list[Processor]:
    import structlog

    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return processors if keep_private_text else [*processors, hide_private_text]


def _file_handlers(file: Path, shared: list[Processor]) -> list[logging.Handler]:
    import structlog

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = SharedRotatingFile(file)
    except OSError as error:
        print(f"punie-acp: warning: no log is kept: {file}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return []
    final: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _add_process,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str),
    ]
    handler.setFormatter(_formatter(shared, final))
    return [handler]


def _stderr_handler(shared: list[Processor]) -> logging.Handler:
    import structlog

    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.addFilter(_concerns_the_user)
    final: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _short_line]
    handler.setFormatter(_formatter(shared, final))
    return handler


def _concerns_the_user(record: logging.LogRecord) -> bool:
    # transformers 5 says so at each import; we use its tokenizers only.
    return not record.getMessage().startswith("PyTorch was not found")


def _formatter(shared: list[Processor], final: list[Processor]) -> logging.Formatter:
    import structlog

    foreign: list[Processor] = [*shared, structlog.stdlib.add_logger_name]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=final)


def _add_process(_logger: object, _method: str, line: MutableMapping[str, object]) -> MutableMapping[str, object]:
    line["process"] = os.getpid()
    return line


def _short_line(_logger: object, _method: str, line: MutableMapping[str, object]) -> str:
    """`punie-acp: warning: what happened (key=value)`; the traceback is in the file."""
    level, event, cause = line.pop("level"), line.pop("event"), line.pop("exc_info", None)
    line.pop("timestamp", None)
    if cause:
        line["error"] = _describe(cause)
    keys = [*(key for key in CONTEXT_KEYS if key in line), *(key for key in line if key not in CONTEXT_KEYS)]
    details = ", ".join(f"{key}={line[key]}" for key in keys)
    return f"punie-acp: {level}: {event}" + (f" ({details})" if details else "")


def _describe(cause: object) -> str:
    error = cause if isinstance(cause, BaseException) else sys.exc_info()[1]
    if isinstance(cause, tuple) and isinstance(cause[1], BaseException):
        error = cause[1]
    return f"{type(error).__name__}: {error}"


def _set_root_handlers(handlers: list[logging.Handler], level: int) -> None:
    root = logging.getLogger()
    for old in root.handlers[:]:
        if old.name in HANDLER_NAMES:
            root.removeHandler(old)
            old.close()
    for handler, name in zip(handlers, HANDLER_NAMES, strict=False):
        handler.name = name
        root.addHandler(handler)
    root.setLevel(level)


def _route_libraries() -> None:
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # a full disk must not fill stderr, one traceback a line
    for name in LIBRARIES_WITH_OWN_HANDLERS:
        _adopt(name)
    for name in CHATTY_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def _adopt(name: str) -> None:
    """Let the lines of library `name` reach the root's handlers, whether it is imported already or later."""
    usual = logging.getLoggerClass()
    logging.setLoggerClass(_AdoptedLogger)
    logger = logging.getLogger(name)
    logging.setLoggerClass(usual)
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
    logger.propagate = True
