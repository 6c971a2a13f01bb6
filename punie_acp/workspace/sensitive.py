"""File names under which secrets are usually kept. Reading such a file asks first; a search never opens one."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def secret_reason(path: PurePath) -> str | None:
    """Why a file with the relative path `path` may hold secrets, or None. Upper and lower case are the same."""
    name = path.name.lower()
    if any(fnmatchcase(name, pattern) for pattern in _HARMLESS):
        return None
    folder = next((_FOLDERS[part] for part in path.parts[:-1] if part in _FOLDERS), None)
    if folder:
        return folder
    if name.endswith(_CODE):  # credentials.py is code about credentials
        return None
    return next((why for why, patterns in _SECRETS if any(fnmatchcase(name, p) for p in patterns.split())), None)
