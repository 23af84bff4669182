"""A TCP proxy that can lose the server's answers: to a COMMIT, or to what else is marked."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self


class Proxy:
    """Listens on 127.0.0.1 and passes on to one server.

    Args:
        host: The server's.
        port: Likewise.
        marker: What a request holds whose answer can be lost.

    Attributes:
        port: Where it listens.
        lost: How many answers it has lost.
    """

    def __init__(self, host: str, port: int, marker: bytes = b"COMMIT") -> None:
        self._server = (host, port)
        self._marker = marker
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.lost = 0
        self._to_lose = 0
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A thread in accept() keeps the socket open until it is woken.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            _hang_up(one)

    @contextlib.contextmanager
    def losing_commits(self, n: int) -> Iterator[None]:
        """Lose the answers to the next ``n`` commits; all of them must come."""
        self._to_lose = n
        yield
        assert self._to_lose == 0, f"{self._to_lose} commits never came"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            self._sockets += [client, server]
            losing = threading.Event()
            for arguments in ((client, server, losing, True), (server, client, losing, False)):
                threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(
        self, source: socket.socket, sink: socket.socket, losing: threading.Event, up: bool
    ) -> None:
        """Pass bytes on; up is towards the server."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if up and self._marker in data:
                    with self._lock:
                        if self._to_lose:
                            self._to_lose -= 1
                            losing.set()
                if not up and losing.is_set():
                    self.lost += 1  # the server has answered: it has committed
                    break
                sink.sendall(data)
        _hang_up(source)
        _hang_up(sink)


def _hang_up(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
