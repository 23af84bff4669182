"""Figures that were drawn, until their studies change."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

_SIZE: Final = 32 << 20
_LEVEL: Final = 1  # a tenth of the time of the best, and a fifth larger


class FigureCache:
    """Compressed figures by what they were drawn from, the last used ones.

    One figure is drawn at a time, in the order in which they are asked for: the interpreter would
    draw several at once no faster, and the first of a page, which is looked at first, last.

    Args:
        size: Bytes to keep at most.
    """

    def __init__(self, size: int = _SIZE) -> None:
        self._size = size
        self._used = 0
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._drawing = threading.Lock()

    def get(self, key: Hashable, draw: Callable[[], str]) -> bytes:
        """A figure's JSON, compressed with gzip.

        Args:
            key: All that the figure depends on.
            draw: Makes the JSON.
        """
        packed = self._find(key)
        if packed is None:
            with self._drawing:
                # Someone else may have drawn it while we waited.
                packed = self._find(key)
                if packed is None:
                    packed = gzip.compress(draw().encode(), _LEVEL)
                    self._keep(key, packed)
        return packed

    def _find(self, key: Hashable) -> bytes | None:
        with self._lock:
            packed = self._kept.get(key)
            if packed is not None:
                self._kept.move_to_end(key)
            return packed

    def _keep(self, key: Hashable, packed: bytes) -> None:
        with self._lock:
            self._kept[key] = packed
            self._used += len(packed)
            while self._used > self._size:
                _, oldest = self._kept.popitem(last=False)
                self._used -= len(oldest)
