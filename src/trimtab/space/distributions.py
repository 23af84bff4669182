"""What one parameter may be.

A distribution is a frozen value. Every parameter has an *internal* form, which is what records
and storage keep: a ``float``, an exact ``int``, or the index of a categorical choice.
"""

from __future__ import annotations

import decimal
import math
import numbers
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from trimtab.errors import IncompatibleDistribution, InvalidArgument, InvalidType, warn

Choice: TypeAlias = Any
"""None, bool, int, float or str; anything else lives only as long as JSON can hold it."""

Internal: TypeAlias = float | int
"""A float, an exact int, or the index of a choice."""

_ON_GRID = 1e-8
"""How far a value on the grid may be off it, in steps: what rounding does to floats."""


@dataclass(frozen=True, slots=True)
class FloatDistribution:
    """A real number in ``[low, high]``.

    Args:
        low: Smallest value, finite.
        high: Largest value, finite, at least ``low``. With ``step`` it is lowered to the last
            value of the grid.
        log: Search the logarithm; ``low`` must be positive.
        step: Distance between admissible values, counted from ``low``. May be combined with
            ``log``: values are then drawn on the log scale and rounded to the grid.

    Raises:
        InvalidArgument: If the bounds are not finite or are reversed, if ``step`` is not
            positive, or if ``log`` is set and ``low`` is not positive.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        low, high = _finite("low", self.low), _finite("high", self.high)
        _check_bounds(low, high)
        if self.log and low <= 0.0:
            raise InvalidArgument("low", "a positive number when log=True", low)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "log", bool(self.log))
        if self.step is not None:
            step = _finite("step", self.step)
            if step <= 0.0:
                raise InvalidArgument("step", "a positive number", step)
            object.__setattr__(self, "step", step)
            last = _last_on_grid(low, high, step)
            if last != high:
                warn(
                    f"`high`={high} is not on the grid of `low`={low} and `step`={step}; "
                    f"it is taken as {last}.",
                    UserWarning,
                )
            high = last
        object.__setattr__(self, "high", high)

    @property
    def levels(self) -> int:
        """How many values there are; 0 for a continuum."""
        if self.low == self.high:
            return 1
        if self.step is None:
            return 0
        return round((self.high - self.low) / self.step) + 1

    def single(self) -> bool:
        """Whether there is only one value."""
        return self.levels == 1

    def to_internal_repr(self, value: Any) -> float:
        """The float that records keep.

        Raises:
            InvalidType: If ``value`` is not a number.
            InvalidArgument: If it is NaN.
        """
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            kind = InvalidArgument if isinstance(error, ValueError) else InvalidType
            raise kind("value", "a real number", value) from error
        if math.isnan(number):
            raise InvalidArgument("value", "a real number", value)
        return number

    def to_external_repr(self, internal: Internal) -> float:
        """The value that the objective sees."""
        return float(internal)

    def _contains(self, internal: Internal) -> bool:
        if not self.low <= internal <= self.high:
            return False
        if self.step is None:
            return True
        k = (internal - self.low) / self.step
        return abs(k - round(k)) < _ON_GRID


@dataclass(frozen=True, slots=True)
class IntDistribution:
    """An integer in ``[low, high]``, exact at any size.

    Args:
        low: Smallest value.
        high: Largest value, at least ``low``; lowered to the last value of the grid.
        log: Search the logarithm; ``low`` must be at least 1.
        step: Distance between admissible values, counted from ``low``; may go with ``log``.

    Raises:
        InvalidType: If a bound or ``step`` is not an integer.
        InvalidArgument: If the bounds are reversed, ``step`` is below 1, or ``log`` is set and
            ``low`` is below 1.
    """

    low: int
    high: int
    log: bool = False
    step: int = 1

    def __post_init__(self) -> None:
        low, high = _integer("low", self.low), _integer("high", self.high)
        step = _integer("step", self.step)
        _check_bounds(low, high)
        if step < 1:
            raise InvalidArgument("step", "an integer of at least 1", step)
        if self.log and low < 1:
            raise InvalidArgument("low", "an integer of at least 1 when log=True", low)
        last = low + (high - low) // step * step
        if last != high:
            warn(
                f"`high`={high} is not on the grid of `low`={low} and `step`={step}; "
                f"it is taken as {last}.",
                UserWarning,
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", last)
        object.__setattr__(self, "step", step)
        object.__setattr__(self, "log", bool(self.log))

    @property
    def levels(self) -> int:
        """How many values there are."""
        return (self.high - self.low) // self.step + 1

    def single(self) -> bool:
        """Whether there is only one value."""
        return self.low == self.high

    def to_internal_repr(self, value: Any) -> int:
        """The exact integer that records keep.

        Raises:
            InvalidType: If ``value`` is not a number.
            InvalidArgument: If it is not an integral one.
        """
        if isinstance(value, int):
            return int(value)
        try:
            integer = int(value)
            exact = float(value) == integer
        except (TypeError, ValueError, OverflowError) as error:
            kind = InvalidType if isinstance(error, TypeError) else InvalidArgument
            raise kind("value", "an integer", value) from error
        if not exact:
            raise InvalidArgument("value", "an integer", value)
        return integer

    def to_external_repr(self, internal: Internal) -> int:
        """The value that the objective sees."""
        return int(internal)

    def _contains(self, internal: Internal) -> bool:
        return self.low <= internal <= self.high and (int(internal) - self.low) % self.step == 0


@dataclass(frozen=True, slots=True, eq=False)
class CategoricalDistribution:
    """One of several choices without order.

    Args:
        choices: None, bool, int, float or str. ``True``, ``1`` and ``1.0`` are three choices.

    Raises:
        InvalidArgument: If there is no choice, or one stands twice.
    """

    choices: tuple[Choice, ...]

    if TYPE_CHECKING:

        def __init__(self, choices: Sequence[Choice]) -> None: ...

    def __post_init__(self) -> None:
        if isinstance(self.choices, str) or not isinstance(self.choices, Sequence):
            try:
                object.__setattr__(self, "choices", tuple(self.choices))
            except TypeError as error:
                raise InvalidType("choices", "a sequence of choices", self.choices) from error
        else:
            object.__setattr__(self, "choices", tuple(self.choices))
        if not self.choices:
            raise InvalidArgument("choices", "at least one choice", self.choices)
        for choice in self.choices:
            if choice is not None and not isinstance(choice, (bool, int, float, str)):
                warn(
                    "Choices for a categorical distribution should be None, bool, int, float or "
                    f"str, so that any storage can keep them; got {choice!r} of type "
                    f"{type(choice).__name__}.",
                    UserWarning,
                )

    @property
    def levels(self) -> int:
        """How many choices there are."""
        return len(self.choices)

    def single(self) -> bool:
        """Whether there is only one choice."""
        return len(self.choices) == 1

    def to_internal_repr(self, value: Choice) -> int:
        """The index of ``value`` among the choices, told apart by type and value.

        A value that equals a choice of another type only (``1.0`` where ``1`` is a choice) is
        taken as that choice.

        Raises:
            InvalidArgument: If ``value`` is not a choice.
        """
        for index, choice in enumerate(self.choices):
            if choice is value or (type(choice) is type(value) and _same(choice, value)):
                return index
        for index, choice in enumerate(self.choices):
            if isinstance(choice, bool) is isinstance(value, bool) and _same(choice, value):
                return index
        raise InvalidArgument("value", f"one of {self.choices}", value)

    def to_external_repr(self, internal: Internal) -> Choice:
        """The choice that the objective sees."""
        return self.choices[int(internal)]

    def _contains(self, internal: Internal) -> bool:
        return 0 <= int(internal) < len(self.choices)

    def _key(self) -> tuple[tuple[str, str], ...]:
        return tuple((type(c).__name__, repr(c)) for c in self.choices)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, CategoricalDistribution):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


Distribution: TypeAlias = FloatDistribution | IntDistribution | CategoricalDistribution

_KINDS: dict[str, type[Distribution]] = {
    "float": FloatDistribution,
    "int": IntDistribution,
    "categorical": CategoricalDistribution,
}


@lru_cache(maxsize=4096)
def cached_float(
    low: float, high: float, log: bool = False, step: float | None = None
) -> FloatDistribution:
    """`FloatDistribution`, made once: define-by-run asks for the same one in every trial."""
    return FloatDistribution(low, high, log, step)


@lru_cache(maxsize=4096)
def cached_int(low: int, high: int, log: bool = False, step: int = 1) -> IntDistribution:
    """`IntDistribution`, made once."""
    return IntDistribution(low, high, log, step)


def to_json(distribution: Distribution) -> dict[str, Any]:
    """A JSON object that `from_json` turns back into an equal distribution."""
    if isinstance(distribution, CategoricalDistribution):
        return {"type": "categorical", "choices": [encode_json(c) for c in distribution.choices]}
    kind = "float" if isinstance(distribution, FloatDistribution) else "int"
    return {
        "type": kind,
        "low": distribution.low,
        "high": distribution.high,
        "log": distribution.log,
        "step": distribution.step,
    }


def from_json(data: Mapping[str, Any]) -> Distribution:
    """The distribution that `to_json` wrote.

    Raises:
        InvalidArgument: If ``data`` is no distribution.
    """
    fields = dict(data)
    kind = fields.pop("type", None)
    if kind not in _KINDS:
        raise InvalidArgument("type", f"one of {sorted(_KINDS)}", kind)
    try:
        if kind == "categorical":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                return CategoricalDistribution(tuple(decode_json(c) for c in fields["choices"]))
        return _KINDS[kind](**fields)
    except (TypeError, KeyError) as error:
        raise InvalidArgument("distribution", "the fields of its type", dict(data)) from error


def check_compatible(name: str, old: Distribution, new: Distribution) -> None:
    """Refuse a new distribution for a known parameter unless only bounds or step changed.

    Raises:
        IncompatibleDistribution: If the kind, the scale (log or not) or the choices changed.
    """
    if type(old) is not type(new):
        raise IncompatibleDistribution(
            f"`{name}`: expected a distribution of the same kind as in earlier trials, {old}, "
            f"got {new}."
        )
    if isinstance(old, CategoricalDistribution):
        if old != new:
            raise IncompatibleDistribution(
                f"`{name}`: expected the choices of earlier trials, {old.choices}, got "
                f"{new.choices if isinstance(new, CategoricalDistribution) else new}; "
                "the choices of a parameter do not change within a study."
            )
    elif not isinstance(new, CategoricalDistribution) and old.log != new.log:
        raise IncompatibleDistribution(
            f"`{name}`: expected log={old.log} as in earlier trials, got log={new.log}."
        )


def encode_json(value: Any) -> Any:
    """``value`` as standard JSON, exact for non-finite floats, tuples and nested containers.

    Raises:
        InvalidType: If JSON cannot hold it.
    """
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, tuple):
        return {"$tuple": [encode_json(item) for item in value]}
    if isinstance(value, list):
        return [encode_json(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        coded = {key: encode_json(item) for key, item in value.items()}
        return {"$dict": coded} if any(key.startswith("$") for key in coded) else coded
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return encode_json(float(value))
    raise InvalidType("value", "something JSON can hold", value)


def decode_json(value: Any) -> Any:
    """What `encode_json` was given."""
    if isinstance(value, list):
        return [decode_json(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1:
            ((tag, inner),) = value.items()
            if tag == "$float":
                return float(inner)
            if tag == "$tuple":
                return tuple(decode_json(item) for item in inner)
            if tag == "$dict":
                return {key: decode_json(item) for key, item in inner.items()}
        return {key: decode_json(item) for key, item in value.items()}
    return value


def _same(a: Any, b: Any) -> bool:
    try:
        equal = bool(a == b)
    except (TypeError, ValueError):  # arrays and the like have no single truth value
        return False
    return equal or (isinstance(a, float) and isinstance(b, float) and a != a and b != b)


def _finite(argument: str, value: Any) -> float:
    if isinstance(value, (bool, str)):
        raise InvalidType(argument, "a finite number", value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidType(argument, "a finite number", value) from error
    if not math.isfinite(number):
        raise InvalidArgument(argument, "a finite number", value)
    return number


def _integer(argument: str, value: Any) -> int:
    if isinstance(value, (bool, str)):
        raise InvalidType(argument, "an integer", value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise InvalidType(argument, "an integer", value)


def _check_bounds(low: float, high: float) -> None:
    if low > high:
        raise InvalidArgument("low", f"a value not above `high`={high}", low)


def _last_on_grid(low: float, high: float, step: float) -> float:
    # Decimal arithmetic on the shortest decimal forms: 0.3 is three steps of 0.1 here, as a
    # person reads it, where binary floats would lose the last one.
    low10, high10, step10 = (decimal.Decimal(repr(v)) for v in (low, high, step))
    steps = (high10 - low10) / step10
    if abs(steps - round(steps)) < _ON_GRID:
        # The bound itself, so that a distribution made from another's fields is the same one.
        return high
    return float(low10 + steps.to_integral_value(decimal.ROUND_FLOOR) * step10)
