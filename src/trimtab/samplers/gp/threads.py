"""Linear algebra on one thread.

Matrices of some hundred rows are too small to share: threads that wait for each other take several
times as long on a busy machine, and the order in which they add up numbers, and with it the last
bits of a proposal, would depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _controller() -> Any:
    import scipy.linalg  # noqa: F401  # its library is to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS from starting threads, in this process, for a while.

    Of threads that do so at one time the first decides: that much the library sees to.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield
