"""Who runs what: leases that are renewed while a worker lives, and ended when it is dead."""

from __future__ import annotations

import logging
import os
import socket
import threading
from pathlib import Path
from types import TracebackType

from trimtab.errors import StorageError
from trimtab.storage import Storage

_logger = logging.getLogger(__name__)


def worker_id() -> str:
    """This process, so that another one on the same host can tell whether it still lives."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{pid}/{_birth(pid)}"


def is_dead(worker: str) -> bool:
    """Whether a worker ran on this host and its process is gone; False where unknown."""
    host, _, rest = worker.rpartition("/")
    host, _, pid = host.rpartition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _birth(int(pid)) != rest


def _birth(pid: int) -> str:
    """When a process began, in ticks since the system's; tells apart processes of one number."""
    try:
        # The command name, in parentheses, may hold spaces: the fields count from behind it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return fields[19]


def reclaim_dead(storage: Storage, study_id: int) -> int:
    """End the leases of workers of this host that are gone.

    Returns:
        How many trials are free to be taken again.
    """
    dead = [held for held in storage.leases(study_id) if held.worker and is_dead(held.worker)]
    return sum(storage.expire(study_id, held.number, held.attempt) for held in dead)


class LeaseKeeper:
    """Renews the leases of this process's running trials from a thread of its own.

    It also ends those of workers of this host that died meanwhile.

    Args:
        storage: Where the study is kept.
        study_id: The study.
        seconds: How long a lease lasts; it is renewed three times in that while.
    """

    def __init__(self, storage: Storage, study_id: int, seconds: float) -> None:
        self._storage = storage
        self._study_id = study_id
        self._seconds = seconds
        self._held: dict[int, int] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trimtab-leases", daemon=True)

    def hold(self, number: int, attempt: int) -> None:
        """Renew this trial from now on."""
        with self._lock:
            self._held[number] = attempt

    def release(self, number: int) -> None:
        """Renew this trial no more."""
        with self._lock:
            self._held.pop(number, None)

    def __enter__(self) -> LeaseKeeper:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._seconds / 3.0):
            with self._lock:
                held = dict(self._held)
            try:
                reclaim_dead(self._storage, self._study_id)
                lost = self._storage.renew(self._study_id, held, self._seconds) if held else []
            except StorageError as error:
                # The lease outlasts two missed renewals; the next round tries again.
                _logger.warning("Leases could not be renewed: %s", error)
                continue
            for number in lost:
                _logger.warning("Trial %d was taken over or ended by someone else.", number)
                self.release(number)
