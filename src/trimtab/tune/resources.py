"""What a trial needs to run: processors, GPUs and whatever else is counted, by name."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from trimtab.errors import InvalidArgument, InvalidType

CPU: Final = "CPU"
GPU: Final = "GPU"
_CUSTOM: Final = "custom_resources"

Strategy: TypeAlias = Literal["PACK", "SPREAD", "STRICT_PACK", "STRICT_SPREAD"]


@dataclass(frozen=True, slots=True)
class PlacementGroupFactory:
    """What one trial needs, in bundles: on a cluster each of them is had on one node.

    The first bundle is the trainable's own, the others are for what it begins itself on the
    cluster. On one machine only their sum counts. A trial that speaks of GPUs sees those that it
    is given, with ``"GPU": 0`` none; one that does not sees what its worker sees.

    Args:
        bundles: Amounts by name; ``"CPU"`` and ``"GPU"`` in any case. Fractions are allowed, of
            GPUs below 1. Names of your own are what an executor or a cluster says it has.
        strategy: How a cluster places the bundles: close together or apart, as well as it can or
            (``STRICT_``) not at all.

    Raises:
        InvalidType: If a bundle is no dictionary.
        InvalidArgument: If there is none, or an amount is none.
    """

    bundles: Sequence[Mapping[str, float]]
    strategy: Strategy = "PACK"

    def __post_init__(self) -> None:
        if isinstance(self.bundles, Mapping) or not self.bundles:
            raise InvalidArgument("bundles", "a list of dictionaries, at least one", self.bundles)
        if self.strategy not in get_args(Strategy):
            raise InvalidArgument("strategy", f"one of {get_args(Strategy)}", self.strategy)
        object.__setattr__(self, "bundles", tuple(_bundle(each) for each in self.bundles))
        if len(self.bundles) > 1 and not all(any(each.values()) for each in self.bundles[1:]):
            raise InvalidArgument("bundles", "none but the first without amounts", self.bundles)
        if not any(self.required_resources.values()):
            raise InvalidArgument("resources", "more than 0 of something", dict(self.bundles[0]))

    @property
    def required_resources(self) -> dict[str, float]:
        """The sum of all bundles, by name."""
        total: dict[str, float] = {}
        for bundle in self.bundles:
            for name, amount in bundle.items():
                total[name] = total.get(name, 0.0) + amount
        return total

    @property
    def head_cpus(self) -> float:
        """Processors of the trainable itself."""
        return self.bundles[0].get(CPU, 0.0)

    def __str__(self) -> str:
        return amounts(self.required_resources)


def as_needs(given: Any) -> PlacementGroupFactory:
    """What a trial needs, of what a user wrote: a dictionary, or bundles.

    Raises:
        InvalidType: If it is neither.
        InvalidArgument: If an amount is none.
    """
    if given is None:
        return DEFAULT
    if isinstance(given, PlacementGroupFactory):
        return given
    if isinstance(given, Mapping):
        return PlacementGroupFactory([given])
    raise InvalidType(
        "resources",
        "a dictionary of amounts, a trimtab.tune.PlacementGroupFactory, or a function of the "
        "config that returns one",
        given,
    )


def amounts(of: Mapping[str, float]) -> str:
    """Amounts for people: ``2 CPU, 0.5 GPU``."""
    return ", ".join(f"{amount:g} {name}" for name, amount in of.items()) or "nothing"


def _bundle(given: Any) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise InvalidType("bundles", "dictionaries of amounts", given)
    named = {**given, **given.get(_CUSTOM, {})}
    named.pop(_CUSTOM, None)
    bundle: dict[str, float] = {}
    for name, amount in named.items():
        if not isinstance(name, str):
            raise InvalidType("resources", "names as keys", name)
        known = name.upper() if name.upper() in (CPU, GPU) else name
        is_number = isinstance(amount, numbers.Real) and not isinstance(amount, bool)
        value = float(amount) if is_number else math.nan
        if not 0.0 <= value < math.inf:
            raise InvalidArgument("resources", f"a number of at least 0 for {name!r}", amount)
        if known == GPU and value > 1 and value != int(value):
            raise InvalidArgument("resources", "whole GPUs, or a part of one", amount)
        bundle[known] = value
    return bundle


DEFAULT: Final = PlacementGroupFactory([{CPU: 1.0}])
"""What a trial needs of which nothing is said."""
