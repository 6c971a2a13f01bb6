"""Fills templates: string.Template, and blocks that are repeated.

    <!-- each hives -->
    <li>$name</li>
    <!-- end -->
"""

import html
import re
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent.parent / "templates"
EACH = re.compile(r"[ ]*<!-- each (\w+) -->\n(.*?)[ ]*<!-- end -->\n", re.DOTALL)


class Raw(str):
    """HTML that is put into a page as it is."""


def escaped(values):
    return {name: value if isinstance(value, Raw) else html.escape(str(value)) for name, value in values.items()}


def fill(text, values):
    """The template `text` with `values`; lists of dictionaries are for its blocks."""
    single = {name: value for name, value in values.items() if not isinstance(value, list)}

    def repeat(match):
        return "".join(Template(match[2]).substitute(escaped({**single, **row})) for row in values[match[1]])

    # Blocks go first: what they put in must not be taken for a template again.
    parts, end = [], 0
    for block in EACH.finditer(text):
        parts += [Template(text[end : block.start()]).substitute(escaped(single)), repeat(block)]
        end = block.end()
    return "".join([*parts, Template(text[end:]).substitute(escaped(single))])


def render(template, title, **values):
    """A whole page: the template inside of base.html."""
    content = fill((TEMPLATES / template).read_text(encoding="utf-8"), {"title": title, **values})
    base = (TEMPLATES / "base.html").read_text(encoding="utf-8")
    return fill(base, {"title": title, "content": Raw(content)})


def paragraphs(text):
    """The lines of a note, one below the other."""
    return Raw("<br>".join(text.splitlines()))


def ordinal(number):
    """ "1st", "2nd", "3rd", "4th"."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}th" if number % 100 in (11, 12, 13) else f"{number}{ending}"


def kilograms(value):
    return f"{value:.1f} kg"
