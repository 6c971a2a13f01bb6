"""Text between fences, as a model reads it and copies it."""

from __future__ import annotations


def fenced(text: str, language: str = "") -> str:
    """`text` between two fences that it cannot close: longer than any run of backticks in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return "\n".join((fence + language, text.rstrip("\n"), fence))
