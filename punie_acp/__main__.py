"""The entry of the program. `--stdio` skips the command line, for whose imports an editor need not wait."""

from __future__ import annotations

import os
import sys

SETUP_FLAG = "--setup"


def main() -> None:
    """Run `punie-acp` with the arguments of this process, and end it at once.

    Nothing is left to Python's own way out: there pydantic-monty 1.4 aborts the process now and then, and MLX's thread
    would be waited for until its prefill step is done.
    """
    try:
        code = _run()
    except SystemExit as ended:
        code = _exit_code(ended)
    except KeyboardInterrupt:  # while the command line is still being imported
        code = 130
    _flush()
    os._exit(code)


def _run() -> int:
    if SETUP_FLAG in sys.argv[1:]:
        return _install_model()
    if "--stdio" in sys.argv[1:] and not {"-h", "--help"} & set(sys.argv):
        from punie_acp.server.serve import serve_stdio

        return serve_stdio(sys.argv[1:])
    from punie_acp.cli import app

    app(prog_name="punie-acp")
    return 0


def _install_model() -> int:
    """What an editor starts in a terminal, with this flag behind the command of the agent (ACP's terminal method)."""
    from punie_acp.cli import app
    from punie_acp.server.serve import model_to_install

    app(["models", "pull", model_to_install(sys.argv[1:])], prog_name="punie-acp")
    return 0


def _exit_code(ended: SystemExit) -> int:
    """As Python itself takes it: None is success, a text is printed and a failure."""
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    print(ended.code, file=sys.stderr)  # noqa: T201
    return 1


def _flush() -> None:
    """Write out what is still buffered. Who was to read it may be gone."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            continue


if __name__ == "__main__":
    main()
