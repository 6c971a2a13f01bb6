"""What test runners report, as a `TestRun`: pytest's JUnit file, else its text; unittest's text. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from punie_acp.codemode.tools.values import TestFailure, TestRun

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MESSAGE = 2000  # characters of one failure's message

_PLACE = re.compile(r"^(?P<file>[^\s:][^:\n]*):(?P<line>\d+): ", re.MULTILINE)
_SUMMARY = re.compile(r"^(?P<kind>FAILED|ERROR) (?P<name>.+?)(?: - (?P<message>.*))?$", re.MULTILINE)
_COUNT = re.compile(r"\b(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)\b")
_LAST = re.compile(r"^=* ?((?:\d+ \w+(?:, )?)+) in [\d.]+s", re.MULTILINE)
_BLOCK = re.compile(
    r"^={70}\n(?P<kind>FAIL|ERROR): (?P<name>.*)\n(?:(?!-{70}).*\n)*-{70}\n(?P<text>(?:(?!={70}|-{70}).*\n)*)",
    re.MULTILINE,
)
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+), in ', re.MULTILINE)
_RAN = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
_ENDED = re.compile(r"^(?:OK|FAILED)(?: \((?P<counts>.*)\))?$", re.MULTILINE)


def of_junit(xml: bytes, output: str, exit_code: int) -> TestRun:
    """From the file that `pytest --junit-xml` writes. Raises `ValueError` for what is none."""
    try:
        cases = list(ET.fromstring(xml).iter("testcase"))  # noqa: S314 - written by the run just now
    except ET.ParseError as error:
        raise ValueError(str(error)) from None
    kinds = Counter(_kind(case) for case in cases)
    failures = [_failure(case, part) for case in cases for part in case if part.tag in {"failure", "error"}]
    return TestRun(kinds["passed"], kinds["failure"], kinds["error"], kinds["skipped"], failures, output, exit_code)


def _kind(case: ET.Element) -> str:
    found = {part.tag for part in case}
    return next((kind for kind in ("error", "failure", "skipped") if kind in found), "passed")


def _failure(case: ET.Element, part: ET.Element) -> TestFailure:
    file, text = case.get("file", ""), part.text or ""
    message = part.get("message", "") if part.tag == "failure" or "E  " not in text else _errors_in(text)
    line = _line_in(text, file)
    defined = int(case.get("line", "-1")) + 1  # counted from 0 there
    return TestFailure(_name(case, file), file, line or defined, message[:MAX_MESSAGE])


def _errors_in(text: str) -> str:
    """What stands behind pytest's "E": of an error outside of a test, its message says only when it happened."""
    return "\n".join(line[1:].strip() for line in text.splitlines() if line.startswith("E  "))


def _name(case: ET.Element, file: str) -> str:
    """The name by which pytest takes it: `tests/test_a.py::TestB::test_c`."""
    name, group = case.get("name", ""), case.get("classname", "")
    if not group:
        return file or name
    module = file.removesuffix(".py").replace("/", ".")
    classes = group.removeprefix(module).strip(".").replace(".", "::")
    return "::".join(part for part in (file, classes, name) if part)


def _line_in(text: str, file: str) -> int:
    """The last line of `file` in a traceback: where it went wrong, as far as the test itself is concerned."""
    places = [int(place["line"]) for place in _PLACE.finditer(text) if place["file"].replace("\\", "/") == file]
    return places[-1] if places else 0


def of_pytest_text(output: str, exit_code: int) -> TestRun:
    """From what pytest prints, where there is no file: messages are cut there, and lines not always known."""
    last = _LAST.findall(output)
    counts: Counter[str] = Counter()
    for number, kind in _COUNT.findall(last[-1] if last else ""):
        counts[kind.rstrip("s") if kind == "errors" else kind] += int(number)
    failures = [_of_summary(found, output) for found in _SUMMARY.finditer(output)]
    passed, skipped = counts["passed"] + counts["xpassed"], counts["skipped"] + counts["xfailed"]
    return TestRun(passed, counts["failed"], counts["error"], skipped, failures, output, exit_code)


def _of_summary(found: re.Match[str], output: str) -> TestFailure:
    file, _, rest = found["name"].partition("::")
    title = rest.replace("::", ".")
    block = output.partition(f" {title} ___")[2] if title else ""
    return TestFailure(found["name"], file, _line_in(_until_next(block), file), found["message"] or "")


def _until_next(block: str) -> str:
    return re.split(r"^_{3,} .* _{3,}$|^={3,} ", block, maxsplit=1, flags=re.MULTILINE)[0]


def of_unittest(output: str, exit_code: int, root: str) -> TestRun:
    """From what `python -m unittest -v` prints on standard error; files are made relative to `root`."""
    ran = sum(int(number) for number in _RAN.findall(output))
    ended = _ENDED.findall(output)
    counts = {name: int(number) for name, number in re.findall(r"([\w ]+)=(\d+)", ended[-1] if ended else "")}
    counts = {name.strip(): number for name, number in counts.items()}
    failed, errors = counts.get("failures", 0), counts.get("errors", 0)
    failed += counts.get("unexpected successes", 0)
    skipped = counts.get("skipped", 0) + counts.get("expected failures", 0)
    failures = _distinct(_of_block(block, root) for block in _BLOCK.finditer(output))
    return TestRun(max(ran - failed - errors - skipped, 0), failed, errors, skipped, failures, output, exit_code)


def _distinct(failures: Iterable[TestFailure]) -> list[TestFailure]:
    return list(dict.fromkeys(failures))


def _of_block(block: re.Match[str], root: str) -> TestFailure:
    frames = [(frame["file"], int(frame["line"])) for frame in _FRAME.finditer(block["text"])]
    own = [frame for frame in frames if frame[0].startswith(f"{root}/") and "/site-packages/" not in frame[0]]
    file, line = (own or [("", 0)])[-1]
    message = block["text"].strip().rpartition("\n  ")[2].partition("\n")[2] or block["text"].strip()
    return TestFailure(block["name"], file.removeprefix(f"{root}/"), line, message.strip()[:MAX_MESSAGE])
