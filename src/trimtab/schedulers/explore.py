"""How population based training changes a parameter: drawn anew, or moved a little.

Jaderberg et al. (2017), "Population Based Training of Neural Networks", section 4.1.1: *resample*
and *perturb*. Whatever is done, a value stays within its bounds, on its grid, and of its kind.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    Internal,
    from_unit,
    to_unit,
)
from trimtab.space.domains import Choice, Domain, SampleFrom, choice
from trimtab.space.paths import SEPARATOR

Mutation: TypeAlias = Domain | tuple[Any, ...] | Callable[[], Any]
"""A domain; values in an order, between neighbours of which to move; or what draws anew."""

_SHIFT = 0.1
"""Of the range: how far a parameter goes that no factor moves, as it is 0."""


def check_mutations(argument: str, given: Mapping[str, Any], path: str = "") -> dict[str, Mutation]:
    """Mutations by the paths of their parameters.

    Raises:
        InvalidType: If one is none of: a distribution or domain, a list, a function, or a
            dictionary of these.
        InvalidArgument: If a list is empty, a choice holds domains itself, or a value is computed
            from others.
    """
    if not isinstance(given, Mapping):
        raise InvalidType(argument, "a dictionary of domains, lists or functions", given)
    found: dict[str, Mutation] = {}
    for key, mutation in given.items():
        name = f"{path}{SEPARATOR}{key}" if path else str(key)
        if isinstance(mutation, Mapping):
            found |= check_mutations(argument, mutation, name)
        elif isinstance(mutation, SampleFrom):
            raise InvalidArgument(argument, f"no computed value for {name!r}", mutation)
        elif isinstance(mutation, Domain):
            if isinstance(mutation, Choice) and any(map(_has_domains, mutation.categories)):
                raise InvalidArgument(argument, f"no domains within {name!r}", mutation)
            found[name] = mutation
        elif isinstance(mutation, CategoricalDistribution):
            found[name] = choice(mutation.choices)
        elif isinstance(mutation, (FloatDistribution, IntDistribution)):
            found[name] = Domain(mutation)
        elif isinstance(mutation, Sequence) and not isinstance(mutation, (str, bytes)):
            if not mutation:
                raise InvalidArgument(argument, f"at least one value for {name!r}", mutation)
            found[name] = tuple(_plain(value) for value in mutation)
        elif callable(mutation):
            found[name] = mutation
        else:
            raise InvalidType(argument, f"a domain, list or function for {name!r}", mutation)
    return found


def draw(mutation: Mutation, rng: np.random.Generator) -> Any:
    """A value of a parameter, drawn anew."""
    if isinstance(mutation, Domain):
        return mutation.value(mutation.draw(rng))
    if isinstance(mutation, tuple):
        return mutation[int(rng.integers(len(mutation)))]
    return _plain(mutation())


def explore(
    mutation: Mutation,
    value: Any,
    resample_probability: float,
    factors: tuple[float, float],
    rng: np.random.Generator,
) -> Any:
    """Another value for a parameter that has ``value``.

    Drawn anew with the given probability, and always where ``value`` is of another kind than the
    mutation's. Otherwise moved: a number of a domain by a factor, or where that changes nothing
    by one step (an integer, a coarse grid) or a tenth of the range (0); one of a list, or of a
    choice among ascending numbers, to a neighbour; any other choice to any other value.

    Args:
        mutation: What it may be.
        value: A donor's.
        resample_probability: Of being drawn anew.
        factors: By one or the other of which it is multiplied otherwise.
        rng: The only source of randomness, beside that of a mutation which is a function.

    Returns:
        An admissible value.
    """
    if rng.random() < resample_probability:
        return draw(mutation, rng)
    upward = bool(rng.random() < 0.5)
    factor = factors[0] if upward else factors[1]
    if isinstance(mutation, tuple):
        return _neighbour(mutation, value, upward, rng)
    if isinstance(mutation, Choice):
        return _other(mutation.categories, value, upward, rng)
    number = _number(value)
    if number is None:
        return draw(mutation, rng)
    if isinstance(mutation, Domain):
        return _moved(mutation, number, factor, upward)
    if number == 0:
        return draw(mutation, rng)
    if isinstance(number, float):
        return number * factor
    moved = _scaled(number, factor)
    if moved == number and factor != 1.0:  # 1 and 2 are too small for a factor of 1.2
        moved += 1 if (factor > 1.0) == (number > 0) else -1
    return moved


def _number(value: Any) -> int | float | None:
    """``value`` as a plain number, if it is a finite one."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    if isinstance(value, numbers.Integral):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else None


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _scaled(number: int, factor: float) -> int:
    """The product, rounded; in integers where a float would be too small to hold it."""
    if abs(number) < 1 << 53:
        return round(number * factor)
    above, below = float(factor).as_integer_ratio()
    return number * above // below


def _index(values: tuple[Any, ...], value: Any) -> int | None:
    """Where ``value`` is among some; a tuple is also found by the list that JSON makes of it."""
    for same_kind in (True, False):
        for index, each in enumerate(values):
            if isinstance(each, tuple) and isinstance(value, list):
                each = list(each)
            if (type(each) is type(value) or not same_kind) and bool(each == value):
                return index
    return None


def _neighbour(values: tuple[Any, ...], value: Any, upward: bool, rng: np.random.Generator) -> Any:
    index = _index(values, value)
    if index is None:
        return values[int(rng.integers(len(values)))]
    index += 1 if upward else -1
    return values[min(max(index, 0), len(values) - 1)]


def _other(values: tuple[Any, ...], value: Any, upward: bool, rng: np.random.Generator) -> Any:
    known = [_number(each) for each in values]
    ascending = [number for number in known if number is not None]
    if len(ascending) == len(values) and ascending == sorted(ascending):
        return _neighbour(values, value, upward, rng)
    index = _index(values, value)
    others = [each for place, each in enumerate(values) if place != index]
    return others[int(rng.integers(len(others)))] if others else values[0]


def _moved(domain: Domain, number: int | float, factor: float, upward: bool) -> Any:
    """A number times a factor; one step or a shift where that moves nothing but should."""
    before = _nearest(domain, number)
    after = _nearest(
        domain, _scaled(number, factor) if isinstance(number, int) else number * factor
    )
    if after != before or factor == 1.0:
        return domain.value(after)
    if number == 0:
        return domain.value(_off_zero(domain, before, upward))
    distribution = domain.distribution
    step = None if isinstance(distribution, CategoricalDistribution) else distribution.step
    if step is not None:
        # Away from zero is upward for a positive value and downward for a negative one.
        away = (factor > 1.0) == (number > 0)
        after = _nearest(domain, before + (step if away else -step))
    return domain.value(after)  # or at a bound


def _off_zero(domain: Domain, zero: Internal, upward: bool) -> Internal:
    """A tenth of the range away from 0, or as far as the next value; inward at a bound."""
    distribution = domain.distribution
    unit = to_unit(distribution, zero)
    shift = _SHIFT
    if not isinstance(distribution, CategoricalDistribution) and distribution.step is not None:
        shift = max(shift, 1.0 / max(distribution.levels, 1))
    for signed in (shift, -shift) if upward else (-shift, shift):
        after = from_unit(distribution, min(max(unit + signed, 0.0), 1.0))
        if after != zero:
            return after
    return zero


def _nearest(domain: Domain, number: int | float) -> Internal:
    """`Domain.internal`, in integers where a float would be too small to hold them."""
    distribution = domain.distribution
    if isinstance(distribution, IntDistribution) and isinstance(number, int):
        index = (2 * (number - distribution.low) + distribution.step) // (2 * distribution.step)
        return distribution.low + distribution.step * min(max(index, 0), distribution.levels - 1)
    if isinstance(distribution, CategoricalDistribution):
        raise InvalidType("domain", "a domain of numbers", domain)
    return domain.internal(min(max(number, distribution.low), distribution.high))


def _has_domains(entry: Any) -> bool:
    if isinstance(entry, (Domain, SampleFrom)):
        return True
    if isinstance(entry, Mapping):
        return any(map(_has_domains, entry.values()))
    return isinstance(entry, (list, tuple)) and any(map(_has_domains, entry))
