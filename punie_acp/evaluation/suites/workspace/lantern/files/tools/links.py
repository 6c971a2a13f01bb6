"""Looks for links between pages that lead nowhere: python tools/links.py"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.slugs import anchors  # noqa: E402

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def links(markdown):
    """The targets of a page's links, those to other sites left out."""
    return [target for target in LINK.findall(markdown) if "://" not in target and not target.startswith("mailto:")]


def broken(page):
    """The links of a page that lead nowhere, each with what is wrong."""
    for target in links(page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.is_file():
            yield target, "no such file"
        elif anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
            yield target, "no such heading"


def main():
    found = [(page, *problem) for page in sorted((ROOT / "docs").rglob("*.md")) for problem in broken(page)]
    for page, target, problem in found:
        print(f"{page.relative_to(ROOT)}: {target}: {problem}")
    print(f"{len(found)} broken links")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
