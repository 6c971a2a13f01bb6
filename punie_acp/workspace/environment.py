"""Which environment variables reach a command: those that look like secrets do not, unless the user lets them through.

An agent inherits the environment of the editor that starts it, with whatever keys the user's shell has set. A command
that a model wrote, or that it read in a file, has no business with them. This goes by names, and by values of the kinds
that are nothing but secrets; it cannot know every one.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_ANYWHERE = re.compile(
    r"TOKENS?$|TOKENS?_|SECRET|PASSWORD|PASSWORT|PASSWD|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY"
    r"|CONNECTION_?STRING|MNEMONIC|AUTHORIZATION|(^|_)CREDS?(_|$)|(^|_)JWT_|(^|_)AUTH_HEADER"
)
_LAST = re.compile(
    r"(^|_)(KEYS?|PASS|AUTH|PAT|PW|SK|TOK|SALT|DSN|COOKIE|JWT|BEARER|WEBHOOK|WEBHOOK_URL|DATABASE_URL)$|._PWD$"
)
_OF_A_CLOUD = re.compile(r"(AWS|AZURE|ARM|GCP|GCLOUD|DIGITALOCEAN|HCLOUD|CLOUDFLARE|VAULT)_")
_PLACES = re.compile(r".*_(REGION|PROFILE|LOCATION|ZONE|ADDR|OUTPUT|PAGER)$")
_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|^(gh[pousr]_|github_pat_|glpat-|sk-[A-Za-z0-9_-]{16}|xox[abprs]-|AKIA[0-9A-Z]{12}|hf_[A-Za-z0-9]{16}|npm_[A-Za-z0-9]{16}"
    r"|[rs]k_(live|test)_|AIza[A-Za-z0-9_-]{30}|ya29\.|gsk_[A-Za-z0-9]{16}|nvapi-|dop_v1_|SG\.[A-Za-z0-9_-]{16}|xapp-|whsec_|shpat_"
    r"|AGE-SECRET-KEY-|LTAI[A-Za-z0-9]{12}|(Bearer|Basic) [A-Za-z0-9+/=._-]{8}|https://hooks\.slack\.com/services/"
    r"|pypi-[A-Za-z0-9_-]{16}|eyJ[A-Za-z0-9_-]{10,}\.eyJ)"
    r"|^[a-z][a-z0-9+.-]*://[^/@\s:]*:[^/@\s]+@"  # a password in an address
)
_PROXY = re.compile(r"(HTTPS?|ALL|NO|FTP)_PROXY")
"""Without these nothing reaches the network, whether they hold a password or not."""


def looks_secret(name: str, value: str = "") -> bool:
    """Whether a variable of this name or value probably holds a secret."""
    upper = name.upper()
    if _PROXY.fullmatch(upper):
        return False
    by_cloud = bool(_OF_A_CLOUD.match(upper)) and not _PLACES.fullmatch(upper)
    return by_cloud or bool(_ANYWHERE.search(upper) or _LAST.search(upper) or _VALUE.search(value))


def command_environment(environ: Mapping[str, str], allowed: Collection[str]) -> dict[str, str]:
    """What a command gets of `environ`. `allowed` are names, or patterns with `*`, that pass although they look secret.

    Our own settings (`PUNIE_*`) are left out too.
    """
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith("PUNIE_") and (not looks_secret(name, value) or _is_allowed(name, allowed))
    }


def emptied(environ: Mapping[str, str], allowed: Collection[str]) -> dict[str, str]:
    """The variables that a terminal of the client is to have empty: there is no way to take one out of its own."""
    kept = command_environment(environ, allowed)
    return {name: "" for name in environ if name not in kept and not name.startswith("PUNIE_")}


def _is_allowed(name: str, allowed: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in allowed)
