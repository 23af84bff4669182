"""What a dashboard was started with."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from trimtab.errors import InvalidArgument, InvalidType

MEGABYTE: Final = 1 << 20
LOCAL_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
"""Host headers of a browser on this machine, on any port."""

_MIN_TOKEN: Final = 8
_MIN_TOKEN_FOR_OTHERS: Final = 16
# A name or IPv4 address, or an IPv6 address in brackets; perhaps a port.
_HOST: Final = re.compile(
    r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
_ROOT: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*", re.ASCII)


def new_token() -> str:
    """A token that cannot be guessed (192 bits)."""
    return secrets.token_urlsafe(24)


def split_host(host: str) -> tuple[str, str | None] | None:
    """Name and port of a Host header in lower case; None if it is not one."""
    match = _HOST.fullmatch(host)
    return None if match is None else (match["name"], match["port"])


@dataclass(frozen=True, slots=True)
class Settings:
    """What a dashboard was started with.

    Attributes:
        token: Whoever has it may come in: printable ASCII characters, at least 8, or 16 where
            ``hosts`` has more than this machine's own.
        hosts: Host headers that are answered: names or addresses (IPv6 in brackets), each with
            a port, or without one for any port.
        read_only: Whether nothing can be changed.
        max_body: Bytes of a request that is no upload.
        max_upload: Bytes of an artifact that is uploaded.
        max_streams: Pages that may listen to what changes at one time.
        max_guesses: Wrong tokens that one address may show in a minute.
        patience: Seconds in which the head of a request must have come, and for which a body may
            keep the server waiting beyond a second for each kilobyte of it that has come.
        root_path: The path below which a reverse proxy shows the dashboard, such as
            ``"/trimtab"``, whether the proxy strips it from what it passes on or not. Leave it
            empty where the dashboard is mounted in another application: that says so by itself.
        https: Whether browsers come by https, through a proxy.
    """

    token: str = field(default_factory=new_token, repr=False)
    hosts: tuple[str, ...] = LOCAL_HOSTS
    read_only: bool = False
    max_body: int = 16 * MEGABYTE
    max_upload: int = 1024 * MEGABYTE
    max_streams: int = 200
    max_guesses: int = 100
    patience: float = 20.0
    root_path: str = ""
    https: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "hosts", tuple(_plain_host(host) for host in self.hosts))
        if not self.hosts:
            raise InvalidArgument("hosts", "at least one host", self.hosts)
        self._check_token()
        for name in ("max_body", "max_upload", "max_streams", "max_guesses"):
            if getattr(self, name) < 1:
                raise InvalidArgument(name, "at least 1", getattr(self, name))
        if not self.patience > 0:
            raise InvalidArgument("patience", "a positive number of seconds", self.patience)
        if not _ROOT.fullmatch(self.root_path) or {".", ".."} & set(self.root_path.split("/")):
            raise InvalidArgument("root_path", "a path such as /trimtab", self.root_path)

    def _check_token(self) -> None:
        token = self.token
        if not isinstance(token, str):
            raise InvalidType("token", "a string", token)
        is_local = all(_name_of(host) in LOCAL_HOSTS for host in self.hosts)
        least = _MIN_TOKEN if is_local else _MIN_TOKEN_FOR_OTHERS
        if len(token) < least or not (token.isascii() and token.isprintable()):
            where = "" if is_local else " where others can reach the server"
            # The message may be logged: it tells of the length only.
            expected = f"at least {least} printable ASCII characters{where}"
            raise InvalidArgument("token", expected, "*" * len(token))

    def admits(self, token: str) -> bool:
        """Whether this is the token; takes as long for a near miss as for any other."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    @property
    def cookie_value(self) -> str:
        """Made of the token, which it does not give away."""
        return hmac.new(self.token.encode(), b"trimtab dashboard cookie", "sha256").hexdigest()

    def admits_cookie(self, value: str) -> bool:
        """Whether this is the cookie's value; takes as long for a near miss as for any other."""
        return hmac.compare_digest(value.encode(), self.cookie_value.encode())


def _name_of(host: str) -> str | None:
    parts = split_host(host)
    return None if parts is None else parts[0]


def _plain_host(host: str) -> str:
    """A host as browsers write it in a Host header."""
    if not isinstance(host, str):
        raise InvalidType("hosts", "names of hosts", host)
    plain = host.strip().lower()
    if not plain.isascii():
        try:
            plain = plain.encode("idna").decode()
        except UnicodeError:
            plain = ""
    if split_host(plain) is None:
        raise InvalidArgument(
            "hosts", "a name or an address, [IPv6] in brackets, perhaps with :port", host
        )
    return plain
