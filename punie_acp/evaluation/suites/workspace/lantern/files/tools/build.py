"""Writes the site as HTML: python tools/build.py OUT"""

import html
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import nav  # noqa: E402
from tools.slugs import slug  # noqa: E402


def with_snippets(markdown, folder):
    """The text of a page, each snippet in place as a block of code."""

    def snippet(found):
        return f"```\n{(folder / found[1]).read_text(encoding='utf-8')}```"

    return re.sub(r'^--8<-- "(.+)"$', snippet, markdown, flags=re.MULTILINE)


def inline(text):
    """Links, code and bold text."""
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"\[([^\]]*)\]\(([^)\s]+?)(?:\.md)?(#[^)]*)?\)", r'<a href="\2.html\3">\1</a>', text)


def body(markdown):
    """HTML of headings, lists, code blocks and paragraphs. TODO: tables, which are shown as they are written."""
    out, code = [], False
    for line in markdown.splitlines():
        if line.startswith("```"):
            code = not code
            out.append("<pre>" if code else "</pre>")
        elif code:
            out.append(html.escape(line))
        elif heading := re.match(r"(#+) (.*)", line):
            level = len(heading[1])
            out.append(f'<h{level} id="{slug(heading[2])}">{inline(heading[2])}</h{level}>')
        elif line.startswith("- "):
            out.append(f"<li>{inline(line[2:])}</li>")
        elif line.strip():
            out.append(f"<p>{inline(line)}</p>")
    return "\n".join(out)


def build(root, out):
    """Write the pages of the navigation to `out`. Returns how many."""
    settings, entries = nav.read((root / "nav.yml").read_text(encoding="utf-8"))
    template = (root / "templates" / "page.html").read_text(encoding="utf-8")
    for entry in entries:
        markdown = with_snippets((root / "docs" / entry.path).read_text(encoding="utf-8"), root / "snippets")
        up = "../" * entry.path.count("/")
        items = " ".join(f'<a href="{up}{other.path[:-3]}.html">{other.title}</a>' for other in entries)
        page = template.format(title=entry.title, site=settings["site_name"], nav=items, body=body(markdown))
        target = (out / entry.path).with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, encoding="utf-8")
    return len(entries)


if __name__ == "__main__":
    print(f"{build(ROOT, Path(sys.argv[1]))} pages")
