#!/usr/bin/env python3
"""Summarise the project."""
import os

IGNORED = {".git", "__pycache__"}


def collect(root: str) -> dict[str, int]:
    result: dict[str, int] = {}
    for base, dirs, files in os.walk(root):
        dirs[:] = [d for d in dirs if d not in IGNORED]
        for name in files:
            ext = os.path.splitext(name)[1] or name
            result[ext] = result.get(ext, 0) + 1
    return result


def main() -> None:
    for ext, count in sorted(collect(".").items(), key=lambda item: (-item[1], item[0])):
        print(f"{ext:<10}{count}")


if __name__ == "__main__":
    main()
