"""Writes into docs/acp.md which test proves what of the protocol: `make acp-table`.

The rows come from the protocol's schema, the tests from their marks `proves`. A test fails where the table is another.
"""  # noqa: INP001 - a folder of scripts, not a package

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "acp.md"

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from tests.proofs import filled, proofs, unproven

    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    for name in unproven(proofs()):
        print(f"not proven: {name}", file=sys.stderr)  # noqa: T201 - this is what it is for
