"""A dashboard that listens on a port, in a thread of this process, and plain sockets to it."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from tests.security.house import TOKEN, application
from trimtab.dashboard.process import Server
from trimtab.dashboard.security import Gate


class Listening:
    """One server."""

    def __init__(self, gate: Gate, port: int) -> None:
        self.port = port
        self._hub = application(gate).state.context.hub

    @property
    def listeners(self) -> int:
        """How many streams the hub knows of."""
        return len(self._hub.__dict__["_listeners"])

    def head(self, path: str) -> bytes:
        """A request of somebody with the token."""
        return (
            f"GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n"
            "connection: close\r\n\r\n"
        ).encode()

    def open(self) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def stream(self) -> socket.socket:
        """A connection that listens to events, past the head of the answer."""
        connection = self.open()
        connection.sendall(self.head("/events"))
        seen = b""
        while b"\r\n\r\n" not in seen:
            seen += connection.recv(1)
        return connection

    def say(self, head: bytes, more: Sequence[bytes] = ()) -> bytes:
        """What the server answers first; it may hang up before all is said."""
        with self.open() as connection:
            # A server that hangs up has said why before.
            with suppress(ConnectionError):
                connection.sendall(head)
                for piece in more:
                    connection.sendall(piece)
            connection.settimeout(20)
            answer = b""
            with suppress(ConnectionError, TimeoutError):
                while not _is_whole(answer) and (piece := connection.recv(65536)):
                    answer += piece
            return answer

    def wait_for(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Until it holds."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(condition)
            time.sleep(0.02)


def _is_whole(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return bool(separator) and (length is None or len(body) >= int(length[1]))


@contextmanager
def listening(gate: Gate) -> Iterator[Listening]:
    """Serve until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
        server = Server(gate, application(gate).state.context.hub)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Listening(gate, port)
        finally:
            server.should_exit = True
            thread.join(10)
