"""What every kind of trial that an objective may be given has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

from trimtab.errors import warn
from trimtab.records import FrozenTrial
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    cached_float,
    cached_int,
)

JSONValue: TypeAlias = Any
T = TypeVar("T")

_MAX_CACHED = 4096
_categoricals: dict[tuple[Any, ...], CategoricalDistribution] = {}


class BaseTrial(ABC):
    """The suggest methods, defined once over `_suggest`."""

    __slots__ = ()

    @abstractmethod
    def _suggest(self, name: str, distribution: Distribution) -> Any:
        """The external value of a parameter."""

    def suggest_float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        step: float | None = None,
        log: bool = False,
    ) -> float:
        """A float in ``[low, high]``.

        Args:
            name: Of the parameter: 1 to 255 characters.
            low: Smallest value.
            high: Largest value.
            step: Distance of the admissible values, counted from ``low``.
            log: Search the logarithm. May go with ``step``.

        Raises:
            InvalidArgument: If the bounds, the step or the name cannot be (a ValueError).
            IncompatibleDistribution: If the parameter was of another kind before.
        """
        value: float = self._suggest(name, cached_float(low, high, log, step))
        return value

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """An integer in ``[low, high]``; see `suggest_float`."""
        value: int = self._suggest(name, cached_int(low, high, log, step))
        return value

    def suggest_categorical(self, name: str, choices: Sequence[T]) -> T:
        """One of the choices: None, bool, int, float or str; True, 1 and 1.0 are kept apart.

        Raises:
            InvalidArgument: If there is no choice.
            IncompatibleDistribution: If the choices were others in earlier trials.
        """
        value: T = self._suggest(name, _categorical(choices))
        return value

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """Deprecated name of ``suggest_float(name, low, high)``."""
        _deprecated("suggest_uniform", "suggest_float(name, low, high)")
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        """Deprecated name of ``suggest_float(name, low, high, log=True)``."""
        _deprecated("suggest_loguniform", "suggest_float(name, low, high, log=True)")
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """Deprecated name of ``suggest_float(name, low, high, step=q)``."""
        _deprecated("suggest_discrete_uniform", "suggest_float(name, low, high, step=q)")
        return self.suggest_float(name, low, high, step=q)


BaseTrial.register(FrozenTrial)  # it lives on a lower floor, and answers the same calls


def _categorical(choices: Sequence[Any]) -> CategoricalDistribution:
    try:
        # The types are part of the key: True, 1 and 1.0 hash alike.
        key = (tuple(choices), tuple(map(type, choices)))
        known = _categoricals.get(key)
    except TypeError:  # an unhashable choice, or no sequence at all
        return CategoricalDistribution(choices)
    if known is None or any(
        a is not b and a != b for a, b in zip(known.choices, key[0], strict=True)
    ):
        if len(_categoricals) >= _MAX_CACHED:
            _categoricals.clear()
        known = _categoricals[key] = CategoricalDistribution(key[0])
    return known


def _deprecated(name: str, instead: str) -> None:
    warn(f"`{name}` is deprecated; use `{instead}`.", FutureWarning)
