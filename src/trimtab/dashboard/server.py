"""The dashboard as a process of its own."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import quote

from trimtab.artifacts import ArtifactStore
from trimtab.dashboard.app import StorageLike, guarded_app, open_context
from trimtab.dashboard.security.tokens import LOGIN
from trimtab.dashboard.settings import LOCAL_HOSTS, Settings, new_token
from trimtab.dashboard.warming import warm_up
from trimtab.errors import InvalidArgument, MissingDependency, TrimtabWarning
from trimtab.storage.transport import TOKEN_VARIABLE

_BACKLOG: Final = 128


def run_server(
    storage: StorageLike | Sequence[StorageLike],
    host: str = "127.0.0.1",
    port: int = 8080,
    artifact_store: ArtifactStore | str | os.PathLike[str] | None = None,
    *,
    token: str | None = None,
    allowed_hosts: Sequence[str] = (),
    announce: Callable[[str], object] = print,
    **options: Any,
) -> None:
    """Serve the dashboard until it is interrupted.

    Args:
        storage: One storage or several: objects, URLs or paths.
        host: The address to listen on.
        port: 0 for any that is free; a port that is taken is an error.
        artifact_store: A store, or the folder of one.
        token: Who has it comes in. None: the environment's ``TRIMTAB_TOKEN``, else one that is
            made now, which only an address of this machine's own may do.
        allowed_hosts: Names, besides the address itself, by which browsers may call the server.
        announce: Is given the URL to open, once the server listens; with the token in it if that
            was made now.
        options: Further fields of `Settings`.

    Raises:
        InvalidArgument: If another address than this machine's own is given without a token.
        OSError: If the port is taken.
        MissingDependency: If the extra ``dashboard`` is not installed.
    """
    try:
        from trimtab.dashboard.process import Server
    except ImportError as error:
        raise MissingDependency("uvicorn", "dashboard") from error
    given = token if token is not None else os.environ.get(TOKEN_VARIABLE)
    if not given and not is_own_address(host):
        raise InvalidArgument(
            "token",
            f"a token (or {TOKEN_VARIABLE}) where others can reach the server, as at {host!r}",
            given,
        )
    with listen(host, port) as listener:
        port = int(listener.getsockname()[1])
        shown = f"[{host}]" if ":" in host else host
        settings = Settings(
            token=new_token() if given is None else given,
            hosts=(*own_names(shown, port), *allowed_hosts),
            **options,
        )
        context = open_context(storage, artifact_store, settings)
        app = guarded_app(context)
        server = Server(app, context.hub)
        # A token that was given may be used for long, and what is printed may be kept.
        secret = f"?token={quote(settings.token, safe='')}" if given is None else ""
        announce(f"{_address(shown, port, allowed_hosts, settings)}{LOGIN}{secret}")
        warming = threading.Thread(target=warm_up, args=[app, context], name="warm-up", daemon=True)
        with warnings.catch_warnings(), contextlib.suppress(KeyboardInterrupt):
            # Of a figure's shortcomings nobody can be warned who looks at the server.
            warnings.filterwarnings("ignore", ".*(importance|best trials)", TrimtabWarning)
            warming.start()
            # Interrupted it has ended in order: uvicorn passes the signal on afterwards.
            server.run(sockets=[listener])


def is_own_address(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_names(host: str, port: int) -> list[str]:
    """What browsers on this machine, and those that use the address itself, send as the host."""
    names = {host, *LOCAL_HOSTS} if host else set(LOCAL_HOSTS)
    return sorted({f"{name}:{port}" for name in names} | (names if port == 80 else set()))


def _address(host: str, port: int, allowed_hosts: Sequence[str], settings: Settings) -> str:
    """Where browsers find the first page."""
    if settings.https and allowed_hosts:
        return f"https://{allowed_hosts[0]}{settings.root_path}"
    reachable = "localhost" if host in ("", "0.0.0.0", "[::]") else host  # noqa: S104 - nothing is bound here
    return f"http://{reachable}:{port}{settings.root_path}"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; port 0 is any that is free.

    Who connects before the server runs waits for it.

    Raises:
        OSError: If the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay (40 ms an answer) only on sockets that say they are TCP's.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise OSError(
                error.errno, f"Port {port} is taken: choose another with --port (0 for any)."
            ) from error
        raise
    return listener
