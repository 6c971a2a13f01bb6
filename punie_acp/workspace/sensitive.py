"""File names under which secrets are usually kept. Reading such a file asks first; a search never opens one."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import PurePath

_HARMLESS = ("*.example", "*.sample", "*.template", "*.dist", "*.defaults", "*.pub")
_SECRETS = (
    ("secrets are often kept in .env files", ".env .env.* *.env .envrc"),
    (
        "it looks like a private key",
        "id_rsa* id_dsa* id_ecdsa* id_ed25519* *.pem *.key *.ppk *.p12 *.pfx *.jks *.keystore *.kdbx *.gpg *.asc",
    ),
    (
        "passwords and access tokens are kept in files of this name",
        (
            ".netrc _netrc .npmrc .yarnrc.yml .pypirc .pgpass .my.cnf .htpasswd .git-credentials .dockercfg "
            ".vault_pass* credentials credentials.* .credentials* secrets secrets.* service-account*.json "
            "service_account*.json client_secret*.json *.tfstate *.tfvars"
        ),
    ),
)
_CODE = (".py", ".pyi", ".ts", ".tsx", ".js", ".jsx", ".rs", ".go", ".java", ".kt", ".rb", ".md", ".rst", ".html")
_FOLDERS = {
    ".ssh": "keys are kept in .ssh",
    ".gnupg": "keys are kept in .gnupg",
    ".aws": "credentials are kept in .aws",
    ".kube": "credentials are kept in .kube",
}


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern) for pattern in patterns))


# One expression for all patterns of a reason: this is asked for every file that a program touches.
_IS_HARMLESS = _any_of(_HARMLESS)
_IS_SECRET = [(why, _any_of(patterns.split())) for why, patterns in _SECRETS]


def secret_reason(path: PurePath) -> str | None:
    """Why a file with the relative path `path` may hold secrets, or None. Upper and lower case are the same."""
    return secret_reason_of(path.parts)


def secret_reason_of(parts: Sequence[str]) -> str | None:
    """`secret_reason` of a path that is given as its components."""
    if not parts:
        return None
    name = parts[-1].lower()
    if _IS_HARMLESS.match(name):
        return None
    folder = next((_FOLDERS[part] for part in parts[:-1] if part in _FOLDERS), None)
    if folder:
        return folder
    if name.endswith(_CODE):  # credentials.py is code about credentials
        return None
    return next((why for why, pattern in _IS_SECRET if pattern.match(name)), None)
