"""Downloads from the Hugging Face hub through huggingface_hub (its endpoint, login, retries), resuming between runs.

`snapshot_download` of huggingface_hub 2.4 throws a started file away when the process ends, and a shard is 5 GB, so
files are fetched with its `http_get`, which continues at a byte. Every file is then checked against the hub's own
record: SHA-256 for large files, git's blob hash for small ones.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from punie_acp.weights.disk import sha256_of
from punie_acp.weights.errors import ChecksumError, NetworkError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from punie_acp.weights.progress import Progress
    from punie_acp.weights.sources import HubFile, HubRepository

_WANTED = (".safetensors", ".json", ".jinja", ".txt", ".model", ".tiktoken")
_UNWANTED = ("/", "..")  # a model in MLX layout has no subfolders


@dataclass(frozen=True, slots=True)
class _RemoteFile:
    name: str
    size: int
    sha256: str | None
    git_blob: str | None


def fetch_repository(source: HubRepository, downloads: Path, progress: Progress) -> Path:
    """The folder with the repository's files at its top level. Errors as in `sources.fetch`."""
    with _network(source.repository):
        commit, files = _listing(source.repository, source.revision)
        wanted = [
            file for file in files if file.name.endswith(_WANTED) and not any(bad in file.name for bad in _UNWANTED)
        ]
        folder = downloads / "hub" / commit
        _download(source.repository, commit, wanted, folder, progress)
    return folder


def fetch_file(source: HubFile, downloads: Path, progress: Progress) -> Path:
    """The GGUF file, checked against the catalogue's checksum. Errors as in `sources.fetch`."""
    file = _RemoteFile(source.file, source.bytes, source.sha256, None)
    with _network(source.repository):
        _download(source.repository, source.revision, [file], downloads, progress)
    return downloads / source.file


def _listing(repository: str, revision: str) -> tuple[str, list[_RemoteFile]]:
    from huggingface_hub import HfApi

    info = HfApi().model_info(repository, revision=revision, files_metadata=True)
    files = [
        _RemoteFile(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else None, file.blob_id)
        for file in info.siblings or []
    ]
    return info.sha or revision, files


def _download(repository: str, revision: str, files: list[_RemoteFile], folder: Path, progress: Progress) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    missing = [file for file in files if not (folder / file.name).exists()]
    here = sum(_part(folder, file).stat().st_size for file in missing if _part(folder, file).exists())
    if len(missing) < len(files) or here:
        progress.note(f"Continuing: {len(files) - len(missing)} of {len(files)} files are already here.")
    progress.start(f"downloading {repository}", max(sum(file.size for file in missing) - here, 0))
    try:
        for file in missing:
            _bring(repository, revision, file, folder, progress)
    finally:
        progress.finish()


def _bring(repository: str, revision: str, file: _RemoteFile, folder: Path, progress: Progress) -> None:
    from huggingface_hub import hf_hub_url, utils
    from huggingface_hub.file_download import (
        http_get,  # pyright: ignore[reportUnknownVariableType] -- its headers are a bare dict
    )

    headers: dict[str, str] = utils.build_hf_headers()
    part = _part(folder, file)
    with part.open("ab") as out:
        http_get(
            hf_hub_url(repository, file.name, revision=revision),
            out,
            resume_size=out.tell(),
            headers=headers,
            expected_size=file.size,
            tqdm_class=_bar(progress),
        )
    if not _is_intact(part, file):
        part.unlink()
        raise ChecksumError(f"{file.name} of {repository} arrived with a wrong checksum and was removed; try again.")
    part.rename(folder / file.name)


def _part(folder: Path, file: _RemoteFile) -> Path:
    return folder / f"{file.name}.part"


def _is_intact(path: Path, file: _RemoteFile) -> bool:
    if path.stat().st_size != file.size:
        return False
    if file.sha256:
        return sha256_of(path) == file.sha256
    if not file.git_blob:
        return True
    content = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)  # git's name for a file
    return blob.hexdigest() == file.git_blob


@contextmanager
def _network(repository: str) -> Generator[None]:
    """Turns what huggingface_hub raises into one sentence of ours."""
    import httpx2
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    place = constants.ENDPOINT
    try:
        yield
    except WeightsError:
        raise
    except OfflineModeIsEnabled as error:
        raise NetworkError("HF_HUB_OFFLINE is set, so the Hugging Face hub is not asked.") from error
    except HfHubHTTPError as error:
        reason = str(error).strip().splitlines()[0]
        raise NetworkError(f"{place} does not give {repository}: {reason}") from error
    except (httpx2.HTTPError, ConnectionError) as error:
        raise NetworkError(f"{place} cannot be reached: {error or type(error).__name__}.") from error


def _bar(progress: Progress) -> Any:  # noqa: ANN401 -- http_get wants a subclass of tqdm and uses these four methods
    class Bar:
        def __init__(self, **_: object) -> None: ...

        def update(self, n: int) -> None:
            progress.advance(n)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

    return Bar
