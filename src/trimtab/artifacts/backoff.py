"""A store that tries again."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from trimtab.errors import InvalidArgument, TrimtabError

if TYPE_CHECKING:
    from trimtab.artifacts.store import ArtifactStore

_logger = logging.getLogger(__name__)
_T = TypeVar("_T")


class Backoff:
    """Calls another store again after errors that may pass, waiting longer each time.

    What Trimtab itself refuses (an unknown id, damaged content, no room) does not pass with time
    and is raised at once. Waits are drawn at random from the upper half of their length, so that
    workers that failed together do not return together.

    Args:
        backend: The store.
        max_retries: Calls in all, at least 1.
        multiplier: By which the wait grows, positive.
        min_delay: The first wait, seconds, positive.
        max_delay: The longest wait, seconds, above ``min_delay``.
        sleep: Waits; for tests.

    Raises:
        InvalidArgument: If a number is out of its range.
    """

    def __init__(
        self,
        backend: ArtifactStore,
        *,
        max_retries: int = 10,
        multiplier: float = 2.0,
        min_delay: float = 0.1,
        max_delay: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if max_retries < 1:
            raise InvalidArgument("max_retries", "at least 1", max_retries)
        if not multiplier > 0:
            raise InvalidArgument("multiplier", "a positive number", multiplier)
        if not min_delay > 0:
            raise InvalidArgument("min_delay", "a positive number", min_delay)
        if not max_delay > min_delay:
            raise InvalidArgument("max_delay", f"more than `min_delay`={min_delay}", max_delay)
        self._backend = backend
        self._max_retries = max_retries
        self._multiplier = multiplier
        self._min_delay = min_delay
        self._max_delay = max_delay
        self._sleep = sleep
        self._random = random.Random()

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """See `ArtifactStore`; what fails while the content is read is not tried again."""
        return self._patiently("open", artifact_id, lambda: self._backend.open_reader(artifact_id))

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """See `ArtifactStore`; ``content_body`` is read from its start each time."""

        def attempt() -> None:
            content_body.seek(0)
            self._backend.write(artifact_id, content_body)

        self._patiently("write", artifact_id, attempt)

    def remove(self, artifact_id: str) -> None:
        """See `ArtifactStore`."""
        self._patiently("remove", artifact_id, lambda: self._backend.remove(artifact_id))

    def _patiently(self, what: str, artifact_id: str, call: Callable[[], _T]) -> _T:
        delay = self._min_delay
        for left in range(self._max_retries - 1, 0, -1):
            try:
                return call()
            except TrimtabError:
                raise
            except Exception as error:  # noqa: BLE001 - each store's library has its own
                _logger.warning(
                    "Could not %s artifact %s (%s left): %s", what, artifact_id, left, error
                )
            self._sleep(delay * self._random.uniform(0.5, 1.0))
            delay = min(delay * self._multiplier, self._max_delay)
        return call()
