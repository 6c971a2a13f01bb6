"""The entry of the program. `--stdio` skips the command line, for whose imports an editor need not wait."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `punie-acp` with the arguments of this process."""
    if "--stdio" in sys.argv[1:] and not {"-h", "--help"} & set(sys.argv):
        from punie_acp.server.serve import serve_stdio

        sys.exit(serve_stdio(sys.argv[1:]))
    from punie_acp.cli import app

    app(prog_name="punie-acp")


if __name__ == "__main__":
    main()
