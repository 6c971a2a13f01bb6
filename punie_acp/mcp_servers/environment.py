"""The environment variables of a server that is a process of ours: ordinary ones of this process, and the client's."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|COOKIE|(^|_)(KEY|KEYS|PASS|PWD|AUTH|PAT|DSN)$|API_?KEY"
    r"|ACCESS_KEY|PRIVATE_KEY|^(AWS|AZURE|GCP|GOOGLE|OPENAI|ANTHROPIC|GITHUB|GITLAB|HF|HUGGING_?FACE)_",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(r"://[^/\s@]*:[^/\s@]+@")  # a password in an address


def server_environment(given: Mapping[str, str], inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the client gave, as it gave it, over what is inherited and does not look like a secret."""
    inherited = os.environ if inherited is None else inherited
    kept = {name: value for name, value in inherited.items() if not _is_private(name, value)}
    return kept | dict(given)


def _is_private(name: str, value: str) -> bool:
    """Whether a variable is our own, or looks as if it held a secret."""
    if name == "PWD":
        return False
    return name.startswith("PUNIE_") or bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))
