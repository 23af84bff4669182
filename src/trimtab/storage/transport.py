"""Calls over HTTP that end: with an answer, or with a typed error by a deadline.

Every write carries a key (the header ``Idempotency-Key``) by which the server knows it again: a
write whose answer was lost is sent again, and answered without being done twice. The header
``Idempotency-Attempt`` says how often it has been sent: a server that was not there before looks
in its storage for what came of it.
"""

from __future__ import annotations

import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

from trimtab.errors import (
    AccessDenied,
    InvalidArgument,
    MissingDependency,
    StorageBusy,
    StorageError,
    StorageVersion,
    UnsupportedURL,
)
from trimtab.storage.base import Ticket
from trimtab.storage.wire import from_bytes, load_error, to_bytes

if TYPE_CHECKING:
    import httpx

TOKEN_VARIABLE: Final = "TRIMTAB_TOKEN"  # noqa: S105 - the name of a variable
"""The environment variable that a token is taken from where none is given."""

PROTOCOL: Final = 2
"""What client and server must agree on; raised when an older one could not follow."""

OPENING_PATIENCE: Final = 3.0
"""Seconds for which a server is waited for that was never there: its URL may be wrong."""

_FIRST_PAUSE, _LAST_PAUSE = 0.05, 2.0
_PASSING: Final = frozenset({429, 502, 503, 504})
"""Statuses of a server, or of a proxy before it, that pass with time."""


Take: TypeAlias = Callable[[Iterator[bytes]], Any]
"""Makes something of the pieces of an answer, while they come."""


class Transport:
    """Speaks with one storage of a running ``trimtab dashboard``. Safe to use from any thread.

    Args:
        url: Of the server, as ``http://host:8080``; perhaps the link that the server printed
            (``/login?token=...``), or with the path of one of its storages
            (``/api/storages/1``; 0 unless given).
        token: See `HTTPStorage`.
        timeout: Seconds one call may take with all its retries.

    Attributes:
        name: The storage's URL without the token, for messages.

    Raises:
        MissingDependency: If httpx is not installed.
        UnsupportedURL: If this is no URL of a server.
        InvalidArgument: If ``timeout`` is not positive.
    """

    def __init__(self, url: str, token: str | None, timeout: float) -> None:
        if not timeout > 0:
            raise InvalidArgument("timeout", "a positive number of seconds", timeout)
        self.name, in_url = split_url(url)
        self.timeout = timeout
        self._token = token or in_url or os.environ.get(TOKEN_VARIABLE)
        if self._token is not None and not (self._token.isascii() and self._token.isprintable()):
            raise InvalidArgument("token", "printable ASCII characters", "(not shown)")
        self._random = random.Random()
        self._lock = threading.Lock()
        self._open: tuple[int, httpx.Client] | None = None
        self._reached = False
        self._client()

    def read(self, operation: str, *, take: Take | None = None, **arguments: Any) -> Any:
        """The answer to an operation that changes nothing.

        Args:
            operation: Its name.
            take: Reads the answer where that is no JSON; begins anew where it is sent again.
            arguments: Of the operation.
        """
        query = f"?{urlencode(arguments)}" if arguments else ""
        return self._call("GET", f"{quote(operation)}{query}", None, take)

    def write(
        self, operation: str, arguments: Mapping[str, Any], ticket: Ticket | None = None
    ) -> Any:
        """The answer to an operation that is done once, however often it is sent.

        Args:
            operation: Its name.
            arguments: Of the operation.
            ticket: What names this write, where the caller may make it again.
        """
        return self._call("POST", quote(operation), to_bytes(arguments), ticket=ticket)

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            opened, self._open = self._open, None
        if opened is not None and opened[0] == os.getpid():
            opened[1].close()

    # ------------------------------------------------------------------ one call

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None,
        take: Take | None = None,
        ticket: Ticket | None = None,
    ) -> Any:
        import httpx

        headers = {}
        if body is not None:
            headers = {
                "Content-Type": "application/json",
                "Idempotency-Key": secrets.token_hex(16) if ticket is None else str(ticket.token),
            }
        attempt = 1 if ticket is None or not ticket.again else 2
        began = time.monotonic()
        pause = _FIRST_PAUSE
        while True:
            patience = self.timeout
            left = patience - (time.monotonic() - began)
            if body is not None:
                headers["Idempotency-Attempt"] = str(attempt)
            try:
                status, content, wait = self._send(method, path, body, headers, left, take)
                self._reached = True
                if not isinstance(content, bytes):
                    return content[0]
                if status not in _PASSING or _is_ours(content):
                    return self._answer(status, content)
                problem: str = f"it answered {status}"
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                wait, problem = None, str(error) or "no connection"
                if not self._reached:
                    patience = min(self.timeout, OPENING_PATIENCE)
            except httpx.TimeoutException as error:
                wait, problem = None, f"it did not answer in time ({type(error).__name__})"
            except (httpx.TransportError, httpx.DecodingError) as error:
                wait, problem = None, str(error) or type(error).__name__
            attempt += 1
            pause = min(2.0 * pause, _LAST_PAUSE)
            nap = max(wait or 0.0, self._random.uniform(0.5, 1.0) * pause)
            if time.monotonic() - began + nap >= patience:
                raise StorageError(
                    f"The server {self.name} could not be reached within {patience:g} s: {problem}."
                )
            time.sleep(nap)

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        left: float,
        take: Take | None,
    ) -> tuple[int, bytes | tuple[Any], float | None]:
        """Status, content (or a tuple of what was taken of it) and wished-for wait of one try."""
        import httpx

        deadline = time.monotonic() + max(left, 0.1)
        # A third: a connection that died without a word is given up while there is time to try
        # another. The server knows the key, and does not do again what it is still doing.
        silence = max(min(left, self.timeout / 3.0), 0.1)
        timeouts = httpx.Timeout(silence, connect=min(silence, 5.0))
        with self._client().stream(
            method, f"{self.name}/{path}", content=body, headers=headers, timeout=timeouts
        ) as answer:

            def parts() -> Iterator[bytes]:
                for part in answer.iter_bytes():
                    yield part
                    if time.monotonic() > deadline:
                        raise httpx.ReadTimeout("the answer came too slowly")

            if take is not None and answer.status_code == 200:
                return 200, (take(parts()),), None
            return answer.status_code, b"".join(parts()), _retry_after(answer.headers)

    def _answer(self, status: int, content: bytes) -> Any:
        try:
            data = from_bytes(content)
        except InvalidArgument:
            data = None
        if 200 <= status < 300 and isinstance(data, dict) and "result" in data:
            return data["result"]
        if status == 401:
            given = "another token than" if self._token else "no token; it wants"
            raise AccessDenied(
                f"The server {self.name} was given {given} the one it was started with: set "
                f"{TOKEN_VARIABLE} or pass `token=`, as `trimtab dashboard` prints it."
            )
        if isinstance(data, dict) and "error" in data:
            error = load_error(data)
            if status == 403 and type(error) is StorageError:
                raise AccessDenied(str(error))
            if status == 429 and type(error) is StorageError:
                raise StorageBusy(str(error))
            if status not in (404, 405) or type(error) is not StorageError:
                raise error
        raise StorageError(
            f"`storage`: expected a server of `trimtab dashboard`; {self.name} answered "
            f"{status} with something else."
        )

    def check_protocol(self) -> None:
        """Refuse a server of another version.

        Raises:
            StorageVersion: If it speaks another protocol.
        """
        hello = self.read("hello")
        if hello.get("protocol") != PROTOCOL:
            raise StorageVersion(
                f"The server {self.name} is Trimtab {hello.get('version')}, which speaks protocol "
                f"{hello.get('protocol')}; this one speaks {PROTOCOL}: install the same version."
            )

    def _client(self) -> httpx.Client:
        """This process's connections: after a fork, the parent's are not ours to use."""
        opened = self._open
        if opened is not None and opened[0] == os.getpid():
            return opened[1]
        try:
            import httpx
        except ImportError as error:
            raise MissingDependency("httpx", "http") from error
        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        # Threads beyond the pool's size queue for a connection, which counts as time.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        client = httpx.Client(headers=headers, limits=limits, follow_redirects=False)
        with self._lock:
            if self._open is not None and self._open[0] == os.getpid():
                client.close()
            else:
                self._open = (os.getpid(), client)
            return self._open[1]

    def after_fork(self) -> None:
        """Begin anew in a child process: another thread may have held the lock in the parent."""
        self._lock = threading.Lock()
        self._open = None
        self._random = random.Random()


def split_url(url: str) -> tuple[str, str | None]:
    """The URL of one storage of a server, and the token in it, if any.

    Raises:
        UnsupportedURL: If it is no such URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UnsupportedURL(f"`storage`: expected http://host:port, got {url!r}.") from error
    del port  # it was there to be checked
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UnsupportedURL(f"`storage`: expected http://host:port, got {url!r}.")
    if parts.username is not None or parts.password is not None:
        raise UnsupportedURL(
            "`storage`: expected no user or password in the URL; a token is passed as `token=` "
            f"or in {TOKEN_VARIABLE}."
        )
    query = parse_qs(parts.query)
    token = query.pop("token", [None])[0]
    if query:
        raise UnsupportedURL(f"`storage`: expected at most ?token=..., got ?{parts.query}.")
    place = parts.path.rstrip("/").removesuffix("/login")  # the page that the link opens
    before, found, key = place.rpartition("/api/storages/")
    path = f"{before}/api/storages/{key}" if found else f"{key}/api/storages/0"
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), token


def _is_ours(content: bytes) -> bool:
    return content.startswith(b'{"error":')


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "")
    return float(text) if text.isdigit() else None
