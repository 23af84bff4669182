"""What a job does at its exit."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

_logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class ExitFunctions:
    """What a job registers with `atexit`; what was registered before the fork is the sweep's.

    That is left as it is: what it holds may not survive being destroyed in a copy of its process,
    as Ray's core does not.
    """

    def __init__(self) -> None:
        self._functions: list[tuple[Callable[..., object], Callable[[], object]]] = []

    def take_over(self) -> None:
        """Be who `atexit` registers with, from here on."""
        # mypy has no way to say that a function of a module is replaced
        atexit.register = self.register  # type: ignore[assignment]
        atexit.unregister = self.unregister

    def register(
        self,
        function: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Callable[Arguments, Result]:
        """As `atexit.register`."""
        self._functions.append((function, partial(function, *args, **kwargs)))
        return function

    def unregister(self, function: Callable[..., object]) -> None:
        """As `atexit.unregister`."""
        self._functions = [one for one in self._functions if one[0] != function]

    def run(self) -> None:
        """Call them, the last one first, each whatever became of the others."""
        while self._functions:
            _, call = self._functions.pop()
            try:
                call()
            except Exception:
                _logger.exception("What was to be done at the end of a job failed.")
