"""What has to be the same for results to be comparable: model, template, tokenizer, settings, machine, commit."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punie_acp import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from punie_acp.settings import Settings

PACKAGE = Path(__file__).resolve().parent.parent
DIGITS = 16  # of a hash


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model that an evaluation asks. Hashes are "" for a model that does not run in the agent's process."""

    name: str  # for the agent's setting `model`
    folder: str = ""
    weights: str = ""  # of the checksums of all its files
    tokenizer: str = ""
    template: str = ""

    def as_facts(self) -> dict[str, Any]:
        """For the first line of the results. No folder: where a model lies changes nothing."""
        return {
            "model": Path(self.name).name if self.folder else self.name,
            "adapter": None,  # the product has none yet: an adapter is fused into a model of its own name
            "weights": self.weights,
            "template": self.template,
            "tokenizer": self.tokenizer,
        }


def model_facts(name: str, models: Path) -> ModelFacts:
    """The model that the agent will run under `name`. Raises `WeightsError` where there is none."""
    if ":" in name:
        return ModelFacts(name)
    from punie_acp.inference.chat import Chat
    from punie_acp.weights.store import ModelStore

    installed = ModelStore(models).resolve(name)
    chat = Chat.load(installed.path)
    # By its folder: another process, whose data folder is another, finds the same model so.
    asked = installed.name if installed.path.parent == models else str(installed.path)
    template = hashlib.sha256(chat.template.encode()).hexdigest()[:DIGITS]
    return ModelFacts(asked, str(installed.path), _weights_hash(installed.path), chat.fingerprint, template)


def _weights_hash(folder: Path) -> str:
    """By the checksums that were taken when it was installed; of a folder that was not, by names and sizes."""
    from punie_acp.weights.manifest import read_manifest

    manifest = read_manifest(folder)
    if manifest is not None and manifest.files:
        listed: object = sorted((name, digest) for name, (_, digest) in manifest.files.items())
    else:
        listed = sorted((file.name, file.stat().st_size) for file in folder.iterdir() if file.is_file())
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:DIGITS]


def machine() -> dict[str, Any]:
    """What the times depend on. Neither the machine's name nor the user's."""
    import psutil

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return _sysctl_processor() or platform.processor()


def _sysctl_processor() -> str:
    return _said("sysctl", "-n", "machdep.cpu.brand_string")


def version_facts() -> dict[str, str]:
    """The version, and in a checkout the commit; with a + where the package was changed since."""
    commit = _said("git", "-C", str(PACKAGE), "rev-parse", "--short=12", "HEAD")
    tracked = commit and _said("git", "-C", str(PACKAGE), "ls-files", "cli.py")
    if not tracked:  # installed, perhaps into a folder of somebody else's checkout
        return {"version": __version__, "commit": ""}
    changed = _said("git", "-C", str(PACKAGE), "status", "--porcelain", "--", str(PACKAGE))
    return {"version": __version__, "commit": commit + ("+" if changed else "")}


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def settings_facts(settings: Settings) -> dict[str, Any]:
    """The settings of the agent that change what it does, by name."""
    left_out = {"model", "config_dir", "data_dir", "log_dir", "log_level", "mode"}
    return {one.name: getattr(settings, one.name) for one in fields(settings) if one.name not in left_out}


def suite_hash(values: Iterable[Mapping[str, Any]], folders: Iterable[Path]) -> str:
    """Of the tasks and the files of their projects: other tasks are another suite."""
    digest = hashlib.sha256(json.dumps(list(values), sort_keys=True, default=str).encode())
    for folder in folders:
        for file in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            digest.update(f"\0{file.relative_to(folder)}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:DIGITS]
