"""Programs of benchmarks/python_corpus, read ahead line by line: they print and leave what they do under CPython."""

import json
import sys
import tempfile
from pathlib import Path

import anyio
import pytest

from punie_acp.codemode.sandbox import Sandbox
from punie_acp.workspace.local import LocalWorkspace
from tests.codemode.conftest import Watcher
from tests.codemode.early.conftest import write_and_run

CORPUS = Path(__file__).parents[3] / "benchmarks" / "python_corpus"
sys.path.insert(0, str(CORPUS))

import run as corpus  # noqa: E402

EXPECTED = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))
READING = ("read", "open(", "glob", "listdir", "walk", "exists", "is_file", "search(", "list_files(")


async def by_sandbox(code: str) -> tuple[corpus.Did, int]:
    """What a program does that is read ahead, and how many calls were made early."""
    with tempfile.TemporaryDirectory() as folder:
        root = corpus.copy_workspace(folder)
        async with Sandbox(LocalWorkspace(root), corpus.LIMITS) as sandbox:
            written = await write_and_run(sandbox, Watcher(), "b/1", code)
        outcome = written.ran.outcome
        error = f"{outcome.error.message} (line {outcome.error.line})" if outcome.error else ""
        ids = [request.call_id for request in written.ran.requests]
        assert len(set(ids)) == len(ids)
        assert outcome.calls == len(ids)  # each is shown once
        return corpus.Did(outcome.output.replace(str(root), "<root>"), corpus.changes(root), error), len(written.titles)


@pytest.mark.slow
def test_programs_print_and_leave_what_they_do_under_cpython():
    passing = [name for name, one in EXPECTED.items() if not one["gap"]]
    reading = [name for name in passing if any(word in corpus.programs()[name] for word in READING)]

    async def differences():
        found, early = {}, 0
        for name in reading[::20]:
            theirs = corpus.Did(EXPECTED[name]["output"], EXPECTED[name]["files"], EXPECTED[name]["error"])
            ours, calls = await by_sandbox(corpus.programs()[name])
            found[name] = corpus.difference(ours, theirs)
            early += calls
        return found, early

    found, early = anyio.run(differences)
    assert {name: why for name, why in found.items() if why} == {}
    assert len(found) > 6
    assert early >= len(found) / 2
