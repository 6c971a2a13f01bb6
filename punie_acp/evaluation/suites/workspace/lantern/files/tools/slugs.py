"""The anchors of headings."""

import re


def slug(heading):
    """The anchor of a heading: "Where the file is" becomes "where-the-file-is"."""
    text = heading.strip().lower()
    text = re.sub(r"[^\w\s-]", "", text)
    return re.sub(r"\s", "-", text)


def anchors(markdown):
    """The anchors of all headings of a page, in order. Lines in code blocks are none."""
    found, code = [], False
    for line in markdown.splitlines():
        if line.startswith("```"):
            code = not code
        elif not code and (heading := re.match(r"#+ (.*)", line)):
            found.append(slug(heading[1]))
    return found
