"""HTTP for the package index: pages, and files that resume where an earlier download stopped. Standard library only."""

from __future__ import annotations

import base64
import http.client
import netrc
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from punie_acp.weights.disk import sha256_of
from punie_acp.weights.errors import ChecksumError, NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from punie_acp.weights.index_settings import IndexSettings

Result = TypeVar("Result")
_CHUNK = 256 * 1024
_PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds before each new try after a broken connection
_AGENT = "punie-acp (model download)"


class NotFoundError(NetworkError):
    """The server is there and says that the page is not."""


class Web:
    """Reads http, https and file URLs as pip would with the same settings."""

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings

    def page(self, url: str, accept: str) -> tuple[str, str]:
        """(content type, text). Raises `NotFoundError`, `NetworkError`."""
        return self._retried(url, lambda: self._page(url, accept))

    def download(self, url: str, path: Path, sha256: str | None, size: int | None, tell: Callable[[int], None]) -> None:
        """Bring `url` to `path`, which appears only when it is whole. A part stays beside it and is continued.

        `tell` hears the bytes that arrive. Raises `NetworkError`, `ChecksumError` (the part is removed), `OSError`.
        """
        part = path.with_name(path.name + ".part")
        if size is None or not part.exists() or part.stat().st_size != size:
            self._retried(url, lambda: self._append(url, part, tell))
        if sha256 and sha256_of(part) != sha256:
            part.unlink()
            raise ChecksumError(f"{shown(url)} arrived with a wrong checksum and was removed; run the command again.")
        part.rename(path)

    def _page(self, url: str, accept: str) -> tuple[str, str]:
        with self._open(url, {"Accept": accept}) as answer:
            return answer.headers.get_content_type(), answer.read().decode("utf-8", "replace")

    def _append(self, url: str, part: Path, tell: Callable[[int], None]) -> None:
        have = part.stat().st_size if part.exists() else 0
        try:
            answer = self._open(url, {"Range": f"bytes={have}-"} if have else {})
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            part.unlink()
            answer = self._open(url, {})
        with answer, part.open("ab" if answer.status == http.HTTPStatus.PARTIAL_CONTENT else "wb") as file:
            expected = int(answer.headers.get("Content-Length") or -1)
            received = 0
            while chunk := answer.read1(_CHUNK):
                file.write(chunk)
                file.flush()  # what has arrived outlives this process
                received += len(chunk)
                tell(len(chunk))
        if 0 <= received < expected:
            raise http.client.IncompleteRead(b"", expected - received)

    def _retried(self, url: str, work: Callable[[], Result]) -> Result:
        for pause in (*_PAUSES, None):
            try:
                return work()
            except urllib.error.HTTPError as error:
                if error.code in (404, 410):
                    raise NotFoundError(f"{shown(url)} does not exist.") from error
                if error.code < 500 or pause is None:
                    raise NetworkError(f"{shown(url)} answers {error.code} {error.reason}.") from error
            except (http.client.HTTPException, urllib.error.URLError, TimeoutError, ConnectionError) as error:
                if pause is None or _is_hopeless(error):
                    raise NetworkError(f"{shown(url)} cannot be reached: {_reason(error)}.") from error
            time.sleep(pause)
        raise AssertionError

    def _open(self, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise NetworkError(f"{shown(url)} is not a web address.")
        host = parts.hostname or ""
        bare = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()
        request = urllib.request.Request(bare, headers={"User-Agent": _AGENT, **headers})  # noqa: S310 -- scheme checked
        if login := _login(parts):
            # Not sent on to another host that this one may redirect to.
            request.add_unredirected_header("Authorization", login)
        return self._opener(host, parts.port).open(request, timeout=self._settings.timeout)

    def _opener(self, host: str, port: int | None) -> urllib.request.OpenerDirector:
        proxy = self._settings.proxy
        proxies = urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else None)
        trusted = {host, f"{host}:{port}"} & self._settings.trusted_hosts
        return urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=self._context(bool(trusted))))

    def _context(self, trusted: bool) -> ssl.SSLContext:
        context = _verifying(self._settings.certificates)
        if self._settings.client_certificate:
            context.load_cert_chain(self._settings.client_certificate)
        if trusted:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _verifying(certificates: str | None) -> ssl.SSLContext:
    if certificates is None:
        import truststore  # the system's own store, as pip uses it; on macOS OpenSSL has none

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bundle = Path(certificates).expanduser()
    if not bundle.exists():
        raise NetworkError(f"pip is set to trust the certificates in {bundle}, which does not exist.")
    folder, file = (bundle, None) if bundle.is_dir() else (None, bundle)
    return ssl.create_default_context(cafile=file, capath=folder)


def shown(url: str) -> str:
    """The URL without a password that may stand in it."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _login(parts: urllib.parse.SplitResult) -> str | None:
    """The Authorization header that the URL, or the user's ~/.netrc, has for this host."""
    name, password = parts.username, parts.password
    if name is None:
        try:
            found = netrc.netrc().authenticators(parts.hostname or "")
        except (OSError, netrc.NetrcParseError):
            found = None
        if not found:
            return None
        name, password = found[0], found[2]
    plain = f"{urllib.parse.unquote(name)}:{urllib.parse.unquote(password or '')}"
    return "Basic " + base64.b64encode(plain.encode()).decode()


def _is_hopeless(error: Exception) -> bool:
    """Nobody listens, no such host, or a certificate that will not get better: trying again only wastes time."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return (
        isinstance(reason, (ConnectionRefusedError, ssl.SSLCertVerificationError))
        or type(reason).__name__ == "gaierror"
    )


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(reason) or type(reason).__name__
