"""The functions of a search space: what one entry of a config may be.

They are Ray Tune's, by name and meaning. Each is a distribution of the engine, so that any sampler
can propose it, every storage can keep it and the dashboard can draw it.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType, short_repr
from trimtab.space.checks import check_count, check_number
from trimtab.space.distributions import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    Internal,
)
from trimtab.space.transform import from_unit

GRID_SEARCH: Final = "grid_search"
_TAILS = 6.0
"""Standard deviations to either side of a normal distribution's mean: beyond lies 2e-9 of it."""
_DIVISIBLE = 1e-9


@dataclass(frozen=True, slots=True)
class Domain:
    """What one entry of a config may be.

    Attributes:
        distribution: As the engine has it.
    """

    distribution: Distribution

    def value(self, internal: Internal) -> Any:
        """What a trainable sees of an internal value."""
        return self.distribution.to_external_repr(internal)

    def internal(self, value: Any) -> Internal:
        """The admissible internal value nearest to ``value``: within bounds and on the grid."""
        distribution = self.distribution
        if isinstance(distribution, CategoricalDistribution):
            return distribution.to_internal_repr(value)
        number = float(value)
        low, high = distribution.low, distribution.high
        step = distribution.step
        if step is not None:
            index = min(max(round((number - low) / step), 0), distribution.levels - 1)
            if isinstance(distribution, IntDistribution):
                return distribution.low + distribution.step * index
            number = float(f"{low + index * step:.15g}")
        return min(max(number, float(low)), float(high))

    def draw(self, rng: np.random.Generator) -> Internal:
        """A random internal value."""
        return from_unit(self.distribution, float(rng.random()))

    def is_valid(self, value: Any) -> bool:
        """Whether a config may have ``value`` here."""
        try:
            return bool(self.distribution._contains(self.distribution.to_internal_repr(value)))
        except (TypeError, ValueError):
            return False

    def sample(
        self,
        config: Any = None,
        size: int = 1,
        random_state: int | np.random.Generator | None = None,
    ) -> Any:
        """Random values: one, or a list of ``size`` where that is more than one."""
        del config
        rng = np.random.default_rng(random_state)
        values = [self.value(self.draw(rng)) for _ in range(check_count("size", size, 1))]
        return values[0] if size == 1 else values


@dataclass(frozen=True, slots=True)
class Normal(Domain):
    """A normal distribution; samplers that know no such thing see its range.

    Attributes:
        mean: Of the normal distribution.
        sd: Its standard deviation.
    """

    mean: float = 0.0
    sd: float = 1.0

    def draw(self, rng: np.random.Generator) -> Internal:
        """A random internal value."""
        return self.internal(rng.normal(self.mean, self.sd))


@dataclass(frozen=True, slots=True)
class Choice(Domain):
    """One of some things, which may be of any kind, and may hold domains themselves.

    Attributes:
        categories: The things. Where they are not plain values, the engine knows them by labels.
    """

    categories: tuple[Any, ...] = ()

    def value(self, internal: Internal) -> Any:
        """What a trainable sees of an index."""
        return self.categories[int(internal)]

    def internal(self, value: Any) -> Internal:
        """The index of ``value``."""
        for index, category in enumerate(self.categories):
            if type(category) is type(value) and category == value:
                return index
        for index, category in enumerate(self.categories):
            if category == value:
                return index
        raise InvalidArgument("value", f"one of {list(self.categories)}", value)

    def is_valid(self, value: Any) -> bool:
        """Whether ``value`` is one of the categories."""
        return any(category == value for category in self.categories)


@dataclass(frozen=True, slots=True)
class SampleFrom:
    """A value computed from the rest of the config.

    Attributes:
        function: Is called with the config so far, which is its own ``config`` attribute, too:
            both ``lambda config: config["a"]`` and ``lambda spec: spec.config["a"]`` work.
    """

    function: Callable[[Any], Any]


def uniform(lower: float, upper: float) -> Domain:
    """A float from ``lower`` to ``upper``, all equally likely."""
    return Domain(_floats(lower, upper))


def quniform(lower: float, upper: float, q: float) -> Domain:
    """A float from ``lower`` to ``upper``, both included, that is a multiple of ``q``."""
    return Domain(_floats(lower, upper, q=q))


def loguniform(lower: float, upper: float, base: float = 10) -> Domain:
    """A float from ``lower`` to ``upper``, its logarithm equally likely everywhere.

    Args:
        lower: Above 0.
        upper: At least ``lower``.
        base: Changes nothing: the distribution is the same for every base.
    """
    check_number("base", base, 0.0)
    return Domain(_floats(lower, upper, log=True))


def qloguniform(lower: float, upper: float, q: float, base: float = 10) -> Domain:
    """As `loguniform`, rounded to a multiple of ``q`` within the bounds, which are included."""
    check_number("base", base, 0.0)
    return Domain(_floats(lower, upper, log=True, q=q))


def randint(lower: int, upper: int) -> Domain:
    """An integer from ``lower`` to below ``upper``."""
    return Domain(_integers(lower, upper, inclusive=False))


def qrandint(lower: int, upper: int, q: int = 1) -> Domain:
    """An integer from ``lower`` to ``upper`` that is a multiple of ``q``.

    Args:
        lower: Smallest value.
        upper: Largest value; where ``q`` is 1 it is left out, as in `randint`.
        q: At least 1.
    """
    return Domain(_integers(lower, upper, q=q, inclusive=q != 1))


def lograndint(lower: int, upper: int, base: float = 10) -> Domain:
    """An integer from ``lower``, at least 1, to below ``upper``, log-uniformly."""
    check_number("base", base, 0.0)
    return Domain(_integers(lower, upper, log=True, inclusive=False))


def qlograndint(lower: int, upper: int, q: int, base: float = 10) -> Domain:
    """As `lograndint`, a multiple of ``q``; ``upper`` is left out only where ``q`` is 1."""
    check_number("base", base, 0.0)
    return Domain(_integers(lower, upper, q=q, log=True, inclusive=q != 1))


def randn(mean: float = 0.0, sd: float = 1.0) -> Domain:
    """A float from a normal distribution, cut off six standard deviations from its mean."""
    return _normal(mean, sd)


def qrandn(mean: float, sd: float, q: float) -> Domain:
    """As `randn`, rounded to a multiple of ``q``."""
    return _normal(mean, sd, check_number("q", q, math.ulp(0.0)))


def choice(categories: Sequence[Any]) -> Choice:
    """One of ``categories``, all equally likely.

    Raises:
        InvalidType: If it is a string or no sequence.
        InvalidArgument: If it is empty.
    """
    return Choice(_labelled(things := _things("categories", categories)), things)


def sample_from(function: Callable[[Any], Any]) -> SampleFrom:
    """A value that ``function`` computes from the rest of the config, grid values included."""
    if not callable(function):
        raise InvalidType("function", "a function of the config", function)
    return SampleFrom(function)


def grid_search(values: Iterable[Any]) -> dict[str, list[Any]]:
    """Each of ``values`` in turn, combined with those of every other grid search."""
    return {GRID_SEARCH: list(_things("values", values))}


def grid_of(entry: Any) -> Choice | None:
    """The values of a grid search, if ``entry`` is one."""
    if not (isinstance(entry, Mapping) and set(entry) == {GRID_SEARCH}):
        return None
    things = _things(GRID_SEARCH, entry[GRID_SEARCH])
    return Choice(_labelled(things), things)


def _things(argument: str, values: Any) -> tuple[Any, ...]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InvalidType(argument, "a sequence", values)
    things = tuple(value.item() if isinstance(value, np.generic) else value for value in values)
    if not things:
        raise InvalidArgument(argument, "at least one value", values)
    return things


def _labelled(things: tuple[Any, ...]) -> CategoricalDistribution:
    """Choices that storages can hold: the things, or where they are none of these, their names."""
    plain = all(
        thing is None
        or isinstance(thing, (bool, int, str))
        or (isinstance(thing, float) and math.isfinite(thing))
        for thing in things
    )
    distinct = len({(type(thing), thing) for thing in things}) == len(things) if plain else False
    if plain and distinct:
        return CategoricalDistribution(things)
    return CategoricalDistribution(
        tuple(f"{index}: {_label(thing)}" for index, thing in enumerate(things))
    )


def _label(thing: Any) -> str:
    """What a person tells a branch by: the constants in it, or its name."""
    if isinstance(thing, Mapping):
        told = [f"{key}={value}" for key, value in thing.items() if isinstance(value, (str, int))]
        return short_repr(", ".join(told), 60).strip("'") if told else "a dictionary"
    name = getattr(thing, "__qualname__", None)
    return name if isinstance(name, str) else short_repr(thing, 60)


def _floats(
    lower: float, upper: float, *, log: bool = False, q: float | None = None
) -> FloatDistribution:
    low, high = _real("lower", lower), _real("upper", upper)
    if not low < high:
        raise InvalidArgument("upper", f"a number above `lower`={lower!r}", upper)
    if q is not None:
        q = check_number("q", q, math.ulp(0.0))
        for argument, bound in (("lower", low), ("upper", high)):
            off = bound / q
            if abs(off - round(off)) > _DIVISIBLE * max(abs(off), 1.0):
                raise InvalidArgument(argument, f"a multiple of `q`={q!r}", bound)
        high = float(f"{low + round((high - low) / q) * q:.15g}")  # free of rounding: on the grid
    return FloatDistribution(low, high, log, q)


def _integers(
    lower: int, upper: int, *, q: int = 1, log: bool = False, inclusive: bool
) -> IntDistribution:
    for argument, bound in (("lower", lower), ("upper", upper), ("q", q)):
        if isinstance(bound, bool) or not isinstance(bound, numbers.Integral):
            raise InvalidType(argument, "an integer", bound)
    low, high = int(lower), int(upper) - (0 if inclusive else 1)
    if high < low:
        raise InvalidArgument("upper", f"an integer above `lower`={lower!r}", upper)
    if q < 1:
        raise InvalidArgument("q", "an integer of at least 1", q)
    for argument, bound in (("lower", low), ("upper", high)) if q > 1 else ():
        if bound % q:
            raise InvalidArgument(argument, f"a multiple of `q`={q}", bound)
    return IntDistribution(low, high, log, int(q))


def _normal(mean: float, sd: float, q: float | None = None) -> Normal:
    center = _real("mean", mean)
    width = check_number("sd", sd, math.ulp(0.0))
    low, high = center - _TAILS * width, center + _TAILS * width
    if q is not None:
        low, high = math.ceil(low / q) * q, math.floor(high / q) * q
        low, high = float(f"{low:.15g}"), float(f"{high:.15g}")
    return Normal(FloatDistribution(low, high, step=q), center, float(width))


def _real(argument: str, value: Any) -> float:
    return float(check_number(argument, value, -math.inf))
