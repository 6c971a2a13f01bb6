"""Files that a program reads one after the other are read at once where each takes a while, and shown in their turn."""

from collections import Counter
from dataclasses import replace

import anyio
import pytest

from punie_acp.codemode.early.following import SLOW_SECONDS
from punie_acp.codemode.events import CallFinished, CallRequested, CallStarted
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.workspace.local import LocalWorkspace
from tests.codemode.conftest import Watcher
from tests.codemode.early.conftest import PATIENT

NAMES = [f"{letter}.txt" for letter in "abcdefghijkl"]


class Remote(LocalWorkspace):
    """A workspace that takes a while for each file."""

    def __init__(self, root):
        super().__init__(root)
        self.reads = Counter()
        self.at_once = self.most = 0
        self.hanging = set()

    async def read_text(self, path):
        self.reads[path.name] += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await anyio.sleep(4 * SLOW_SECONDS)
            if path.name in self.hanging:
                await anyio.sleep_forever()
            return await super().read_text(path)
        finally:
            self.at_once -= 1


@pytest.fixture
def remote(tmp_path):
    for name in NAMES:
        (tmp_path / name).write_text(f"text of {name}\n")
    return Remote(tmp_path.resolve())


async def run(remote, code, *, refuse=lambda _: None, limits=PATIENT):
    watcher = Watcher(refuse)
    async with Sandbox(remote, limits) as sandbox:
        with anyio.fail_after(120):
            outcome = await sandbox.run(code, program_id="t/1", observer=watcher, limits=limits)
    return outcome, watcher


@pytest.mark.anyio
@pytest.mark.parametrize(
    "loop",
    [
        "for name in list_files('*.txt'):\n    texts.append(read_file(name))",
        "for name in sorted(list_files('*.txt')):\n    with open(name) as file:\n        texts.append(file.read())",
        "import glob\nfor name in glob.glob('*.txt'):\n    texts.append(open(name).read())",
        "for match in search('text'):\n    texts.append(read_file(match.path))",
        f"for name in {NAMES}:\n    texts.append(read_file(name))",
        f"from pathlib import Path\nfor name in {tuple(NAMES)}:\n    texts.append(Path(name).read_text())",
        "from pathlib import Path\nfor path in sorted(Path('.').glob('*.txt')):\n    texts.append(path.read_text())",
        "import os\nfor name in os.listdir():\n    texts.append(open(os.path.join('.', name)).read())",
        f"def load(names):\n    return [read_file(name) for name in names]\ntexts += load({NAMES})",
    ],
)
async def test_what_a_list_names_is_read_at_once_and_shown_in_order(remote, loop):
    outcome, watcher = await run(remote, f"texts = []\n{loop}\nprint(''.join(texts), end='')")

    assert outcome.output == "".join(f"text of {name}\n" for name in NAMES)
    assert remote.most > 4
    assert sum(remote.reads.values()) < 1.5 * len(NAMES)  # on a machine that stalls, what is too old is read again
    reads = [request for request in watcher.of(CallRequested) if request.title.startswith("Read")]
    assert [request.title for request in reads] == [f"Read {name}" for name in NAMES]
    kinds = [type(event) for event in watcher.events if isinstance(event, CallRequested | CallStarted | CallFinished)]
    assert kinds == [CallRequested, CallStarted, CallFinished] * (len(kinds) // 3)


@pytest.mark.anyio
async def test_it_can_be_switched_off(remote):
    code = "for name in list_files('*.txt'):\n    print(read_file(name), end='')"
    outcome, _ = await run(remote, code, limits=replace(PATIENT, prefetch=False))

    assert outcome.output.count("text of") == len(NAMES)
    assert remote.most == 1


@pytest.mark.anyio
async def test_a_loop_that_writes_reads_what_it_has_written(remote):
    code = f"""for name, following in zip({NAMES}, {NAMES[1:]}):
    text = read_file(name)
    write_file(following, text.strip() + " and " + following)
print(read_file({NAMES[-1]!r}))"""
    outcome, _ = await run(remote, code)

    assert outcome.output == "text of " + " and ".join(NAMES) + "\n"


@pytest.mark.anyio
@pytest.mark.parametrize("effect", ["write_file('d.txt', 'new')", "run_command('printf new > d.txt')"])
async def test_what_was_read_before_its_turn_does_not_count_after_a_change(remote, effect):
    code = f"""for name in {NAMES[:5]}:
    text = read_file(name)
    if name == "c.txt":
        {effect}
    print(text.strip())"""
    outcome, _ = await run(remote, code)

    assert outcome.output.splitlines() == [
        *(f"text of {name}" for name in NAMES[:3]),
        "new",
        f"text of {NAMES[4]}",
    ]


@pytest.mark.anyio
async def test_a_file_that_is_asked_about_is_not_read_before_the_question(remote):
    (remote.root / ".env").write_text("KEY=1\n")
    code = """for name in ["a.txt", "b.txt", ".env", "c.txt"]:
    try:
        print(read_file(name), end="")
    except PermissionError as error:
        print(error)"""
    outcome, watcher = await run(remote, code, refuse=lambda call: "no" if call.sensitive else None)

    assert outcome.output == "text of a.txt\ntext of b.txt\nno\ntext of c.txt\n"
    assert remote.reads[".env"] == 0
    assert [finish.status for finish in watcher.of(CallFinished)] == ["completed", "completed", "refused", "completed"]


@pytest.mark.anyio
async def test_a_file_that_is_missing_fails_in_its_turn(remote):
    code = """for name in ["a.txt", "b.txt", "none.txt", "c.txt"]:
    print(read_file(name), end="")"""
    outcome, watcher = await run(remote, code)

    assert outcome.output == "text of a.txt\ntext of b.txt\n"
    assert outcome.error.message.startswith("FileNotFoundError")
    assert [finish.status for finish in watcher.of(CallFinished)] == ["completed", "completed", "failed"]


@pytest.mark.anyio
async def test_a_program_that_leaves_the_loop_waits_for_nothing(remote):
    remote.hanging = {"c.txt", "d.txt"}
    code = f"""for name in {NAMES}:
    if name == "c.txt":
        break
    print(read_file(name), end="")"""
    outcome, watcher = await run(remote, code)

    assert outcome.output == "text of a.txt\ntext of b.txt\n"
    assert len(watcher.of(CallRequested)) == 2
    assert remote.at_once == 0
