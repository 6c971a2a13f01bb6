"""The models on this machine, one folder each. A folder appears whole, by a rename, or not at all.

models/<name>/            a model in MLX layout with punie.json
models/.downloads/<name>/ what a pull has brought so far; kept for the next try, removed after success
models/.incoming/<name>/  a model while it is put together
models/.locks/<name>      held by the process that pulls or imports
models/.default           the name of the default model
"""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from punie_acp.weights import disk, mlx_folder
from punie_acp.weights.catalogue import (
    choose_model,
    detect_device,
    detect_holding,
    find_model,
    load_catalogue,
    machine_memory,
)
from punie_acp.weights.errors import ModelMissingError, NetworkError, WeightsError
from punie_acp.weights.manifest import Manifest, is_complete, problems, read_manifest, seal
from punie_acp.weights.progress import size_text
from punie_acp.weights.sources import HubRepository, fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from punie_acp.weights.catalogue import CatalogueModel
    from punie_acp.weights.progress import Progress
    from punie_acp.weights.sources import Source

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_GGUF_ROOM = 2.4  # times the download: the parts and the joined file, then the joined file and the imported model


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that can be loaded."""

    name: str
    path: Path  # a folder in MLX layout
    dialect: str | None  # None: the chat template decides
    context_tokens: int
    bytes_on_disk: int
    source: str = "local folder"
    report: dict[str, Any] | None = None  # of a GGUF import; see `import_gguf.ImportReport`


class ModelStore:
    """The models below one folder. Methods block; call them from a thread. Safe across processes."""

    def __init__(
        self,
        directory: Path,
        catalogue: tuple[CatalogueModel, ...] | None = None,
        free_bytes: Callable[[Path], int] = disk.free_bytes,
    ) -> None:
        self._directory = directory
        self._catalogue = catalogue or load_catalogue()
        self._free_bytes = free_bytes

    def installed(self) -> tuple[InstalledModel, ...]:
        """All whole models, by name."""
        folders = sorted(self._directory.iterdir()) if self._directory.is_dir() else []
        models = [self.find(folder.name) for folder in folders if _NAME.fullmatch(folder.name)]
        return tuple(model for model in models if model)

    def find(self, name: str) -> InstalledModel | None:
        """The model if it is installed and all its files have their sizes."""
        folder = self._directory / name.lower()
        manifest = read_manifest(folder) if _NAME.fullmatch(name.lower()) else None
        if manifest is None or not is_complete(folder, manifest):
            return None
        return _installed(folder, manifest)

    def resolve(self, name: str) -> InstalledModel:
        """The model that `name` means: "auto" or "" (the default, else what suits the machine), a name, or a folder.

        Raises `ModelMissingError` if it is not installed, `WeightsError` if there is no such model or folder.
        """
        if name in ("", "auto"):
            return self._resolve_auto()
        if found := self.find(name):
            return found
        if _is_path(name):
            return self._local(name)
        known = find_model(name, self._catalogue)
        raise ModelMissingError(f"{known.title} is not installed; type: punie-acp models pull {known.name}")

    def pull(self, name: str, progress: Progress) -> InstalledModel:
        """Install a model of the catalogue, from the first source that can be used. Does nothing if it is installed.

        Raises `NetworkError`, `ChecksumError`, `DiskFullError`, `WeightsError` (unknown name). What has been downloaded
        by then is kept for the next try.
        """
        model = self._for_this_machine() if name in ("", "auto") else find_model(name, self._catalogue)
        if found := self.find(model.name):
            return found
        with self._building(model.name, progress) as folder:
            if found := self.find(model.name):
                return found
            downloads = self._directory / ".downloads" / model.name
            source, fetched = self._fetch(model, downloads, progress)
            installed = self._assemble(model, source, fetched, folder, progress)
            shutil.rmtree(downloads, ignore_errors=True)
        progress.note(f"{model.name} is ready: {size_text(installed.bytes_on_disk)} in {installed.path}.")
        return installed

    def import_gguf(self, file: Path, name: str | None, progress: Progress) -> InstalledModel:
        """Install a GGUF file of a dense Qwen2 or Qwen3 under `name`, or under a name made from the file's.

        Raises `WeightsError` (unreadable, not supported, name taken), `DiskFullError`.
        """
        known = self._known_file(file)
        name = self._new_name(name or (known.name if known else _name_from(file.stem)))
        with self._building(name, progress) as folder:
            manifest = self._convert(file, str(file.absolute()), known.dialect if known else None, folder, progress)
            return self._appear(name, folder, manifest, progress)

    def import_mlx(self, folder: Path, name: str | None, progress: Progress) -> InstalledModel:
        """Install a copy of a model in MLX layout (hard links where possible). Raises as `import_gguf`."""
        mlx_folder.require_model(folder)
        mlx_folder.require_known_family(folder)
        name = self._new_name(name or _name_from(folder.resolve().name))
        with self._building(name, progress) as target:
            earlier = read_manifest(folder)
            dialect = earlier.dialect if earlier else None
            with disk.full_disk_told(self._directory):
                mlx_folder.copy_model(folder, target, progress)
            manifest = Manifest(str(folder.absolute()), dialect, mlx_folder.context_tokens(target))
            return self._appear(name, target, manifest, progress)

    def remove(self, name: str) -> None:
        """Delete a model, whole or not, and what is left of a pull. Raises `WeightsError` if there is none."""
        folders = [self._directory / name, self._directory / ".downloads" / name]
        if not _NAME.fullmatch(name) or not any(folder.exists() for folder in folders):
            raise WeightsError(f"{name!r} is not installed.")
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        if self.default() == name:
            self._default_file.unlink()

    def verify(self, name: str) -> list[str]:
        """What is wrong with an installed model, reading every byte; empty if nothing. Raises `ModelMissingError`."""
        manifest = read_manifest(self._directory / name) if _NAME.fullmatch(name) else None
        if manifest is None:
            raise ModelMissingError(f"{name} is not installed; type: punie-acp models pull {name}")
        return problems(self._directory / name, manifest)

    def default(self) -> str | None:
        """The name of the default model, if the user has set one."""
        try:
            return self._default_file.read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def set_default(self, name: str) -> None:
        """Make an installed model the default. Raises `WeightsError` if it is not installed."""
        model = self.resolve(name)
        self._directory.mkdir(parents=True, exist_ok=True)
        self._default_file.write_text(model.name if model.path.parent == self._directory else str(model.path))

    @property
    def _default_file(self) -> Path:
        return self._directory / ".default"

    def _for_this_machine(self) -> CatalogueModel:
        device = detect_device()
        return choose_model(machine_memory(device), detect_holding(device), self._catalogue)

    def _resolve_auto(self) -> InstalledModel:
        if default := self.default():
            return self.resolve(default)
        chosen = self._for_this_machine()
        if found := self.find(chosen.name):
            return found
        raise ModelMissingError(
            f"No model is chosen yet, and {chosen.title}, which suits this machine, is not installed; "
            f"type: punie-acp models pull {chosen.name}"
        )

    def _local(self, name: str) -> InstalledModel:
        from pathlib import Path

        folder = Path(name).expanduser().resolve()
        if not folder.is_dir():
            raise WeightsError(f"There is no folder {folder}.")
        mlx_folder.require_model(folder)
        earlier = read_manifest(folder)
        return InstalledModel(
            name=folder.name,
            path=folder,
            dialect=earlier.dialect if earlier else None,
            context_tokens=mlx_folder.context_tokens(folder),
            bytes_on_disk=disk.tree_bytes(folder),
        )

    def _fetch(self, model: CatalogueModel, downloads: Path, progress: Progress) -> tuple[Source, Path]:
        failures: list[str] = []
        for source in model.sources_for(detect_device()):
            room = model.download_bytes * (1 if isinstance(source, HubRepository) else _GGUF_ROOM)
            here = disk.tree_bytes(downloads)
            disk.require_space(int(room) - here, self._directory, self._free_bytes, f"Installing {model.title}")
            try:
                with disk.full_disk_told(self._directory):
                    return source, fetch(source, downloads, progress)
            except NetworkError as error:
                failures.append(str(error))
                progress.note(f"{source} cannot be used: {error}")
        raise NetworkError(f"{model.title} cannot be downloaded now. {' '.join(failures)}")

    def _assemble(
        self, model: CatalogueModel, source: Source, fetched: Path, folder: Path, progress: Progress
    ) -> InstalledModel:
        if fetched.is_dir():
            mlx_folder.require_model(fetched)
            with disk.full_disk_told(self._directory):
                mlx_folder.copy_model(fetched, folder, progress)
            manifest = Manifest(str(source), model.dialect, model.context_tokens)
        else:
            manifest = self._convert(fetched, str(source), model.dialect, folder, progress)
        return self._appear(model.name, folder, manifest, progress)

    def _convert(self, file: Path, source: str, dialect: str | None, folder: Path, progress: Progress) -> Manifest:
        from punie_acp.weights.import_gguf import import_gguf, space_needed

        disk.require_space(space_needed(file), self._directory, self._free_bytes, f"Importing {file.name}")
        with disk.full_disk_told(self._directory):
            report = import_gguf(file, folder, progress)
        return Manifest(source, dialect, mlx_folder.context_tokens(folder), report=report.as_values())

    def _appear(self, name: str, folder: Path, manifest: Manifest, progress: Progress) -> InstalledModel:
        """Seal a finished folder and give it its name in one step."""
        with disk.full_disk_told(self._directory):
            sealed = seal(folder, manifest, progress)
        target = self._directory / name
        shutil.rmtree(target, ignore_errors=True)  # an earlier one that was not whole
        folder.rename(target)
        return _installed(target, sealed)

    @contextmanager
    def _building(self, name: str, progress: Progress) -> Generator[Path]:
        """An empty folder for the model, held against other processes, and removed unless it was renamed."""
        folder = self._directory / ".incoming" / name
        lock = self._directory / ".locks" / name
        with disk.full_disk_told(self._directory), disk.exclusive(lock, lambda: progress.note(_WAITING.format(name))):
            shutil.rmtree(folder, ignore_errors=True)  # left by a process that died
            folder.mkdir(parents=True)
            try:
                yield folder
            finally:
                progress.finish()
                shutil.rmtree(folder, ignore_errors=True)

    def _known_file(self, file: Path) -> CatalogueModel | None:
        """The catalogue's model that this very file is, by length and checksum."""
        if not file.is_file():
            raise WeightsError(f"There is no file {file}.")
        size = file.stat().st_size
        sums = {
            source.sha256: model
            for model in self._catalogue
            for source in model.sources
            if not isinstance(source, HubRepository) and source.bytes == size
        }
        return sums.get(disk.sha256_of(file)) if sums else None

    def _new_name(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise WeightsError(f"{name!r} cannot be a model's name; use small letters, digits, '.', '-' and '_'.")
        if self.find(name):
            raise WeightsError(f"{name} is already installed; remove it first, or give another name.")
        return name


_WAITING = "Another process is installing {}; waiting for it."


def _installed(folder: Path, manifest: Manifest) -> InstalledModel:
    return InstalledModel(
        name=folder.name,
        path=folder,
        dialect=manifest.dialect,
        context_tokens=manifest.context_tokens,
        bytes_on_disk=sum(size for size, _ in manifest.files.values()),
        source=manifest.source,
        report=manifest.report or None,
    )


def _is_path(name: str) -> bool:
    return "/" in name or name.startswith(("~", "."))


def _name_from(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._") or "model"
