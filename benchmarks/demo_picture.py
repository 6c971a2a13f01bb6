"""Runs `make demo`'s client once, for real, and keeps what it showed as a picture: `docs/demo.svg`."""

from __future__ import annotations

import importlib.util
import io
import re
import sys
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "demo.svg"
WIDTH = 104  # characters


def main() -> int:
    """Record a run; further arguments are the client's. A run that failed leaves the last picture as it is."""
    spec = importlib.util.spec_from_file_location("client", ROOT / "examples" / "client.py")
    assert spec is not None
    assert spec.loader is not None
    client = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(client)
    console = Console(record=True, force_terminal=True, color_system="truecolor", width=WIDTH, file=io.StringIO())
    status = client.main(["--yes", *sys.argv[1:]], console)
    print(console.export_text(clear=False), end="")
    if status == 0:
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(without_remote_fonts(console.export_svg(title="make demo")), encoding="utf-8")
        print(f"The picture is in {PICTURE.relative_to(ROOT)}.")
    return status


def without_remote_fonts(svg: str) -> str:
    """The picture without the fonts that rich has it fetch from a server: looking at it must tell nobody."""
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    sys.exit(main())
