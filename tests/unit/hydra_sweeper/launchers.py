"""Launchers without Hydra: a function is the job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass
class Return:
    """What a launcher returns of one job, as Hydra's `JobReturn`."""

    value: Any = None
    error: Exception | None = None

    @property
    def return_value(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


def launching(job: Callable[..., Any]) -> Callable[[Sequence[Sequence[str]], int], list[Return]]:
    """A launcher's method that calls ``job(number, **overrides)`` with text."""

    def launch(overrides: Sequence[Sequence[str]], first: int) -> list[Return]:
        returns = []
        for number, given in enumerate(overrides, first):
            named = dict(one.lstrip("+").split("=", 1) for one in given)
            try:
                returns.append(Return(job(number, **named)))
            except Exception as error:  # noqa: BLE001 - as a launcher does
                returns.append(Return(error=error))
        return returns

    return launch
