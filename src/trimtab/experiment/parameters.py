"""What may vary in an experiment, in the words of the Ax platform."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    check_name,
    decode_json,
    encode_json,
)

Value: TypeAlias = bool | int | float | str


class ParameterType(enum.Enum):
    """Of which kind a parameter's values are."""

    BOOL = bool
    INT = int
    FLOAT = float
    STRING = str

    def cast(self, argument: str, value: Any) -> Value:
        """``value`` as this type, if nothing is lost by it.

        Raises:
            InvalidType: If it is of another kind.
        """
        is_bool = isinstance(value, bool)
        if self in (ParameterType.BOOL, ParameterType.STRING):
            if isinstance(value, self.value):
                plain: Value = self.value(value)  # of NumPy's types, too
                return plain
        elif not (is_bool or isinstance(value, str)):
            try:
                if self is ParameterType.INT and isinstance(value, int):
                    return int(value)  # exact at any size
                number = float(value)
                if self is ParameterType.FLOAT and math.isfinite(number):
                    return number
                if self is ParameterType.INT and number.is_integer():
                    return int(value)
            except (TypeError, ValueError, OverflowError):
                pass  # refused below
        raise InvalidType(argument, f"a value of type {self.value.__name__}", value)

    @classmethod
    def of(cls, value: Any) -> ParameterType:
        """The type of a value.

        Raises:
            InvalidType: If it is none of them.
        """
        for kind in cls:  # bool before int
            if isinstance(value, kind.value):
                return kind
        raise InvalidType("value", "a bool, int, float or str", value)


@dataclass(frozen=True)
class RangeParameter:
    """A number between two bounds, both of which are possible.

    Args:
        name: 1 to 255 characters.
        parameter_type: INT or FLOAT.
        lower: Least value.
        upper: Greatest value, above ``lower``.
        log_scale: Search its logarithm.
        digits: Decimals to which a FLOAT is rounded: its values are multiples of 10**-digits,
            counted from ``lower``.

    Raises:
        InvalidType: If a bound is not of the type.
        InvalidArgument: If the bounds are not in order, or not positive with ``log_scale``.
    """

    name: str
    parameter_type: ParameterType
    lower: float
    upper: float
    log_scale: bool = False
    digits: int | None = None

    def __post_init__(self) -> None:
        check_name("name", self.name)
        kind = self.parameter_type
        if kind not in (ParameterType.INT, ParameterType.FLOAT):
            raise InvalidArgument(
                "parameter_type", f"INT or FLOAT for the range {self.name!r}", kind
            )
        for bound in ("lower", "upper"):
            object.__setattr__(self, bound, kind.cast(f"{self.name}.{bound}", getattr(self, bound)))
        if not self.lower < self.upper:
            raise InvalidArgument(
                f"{self.name}.bounds", "a lower bound below the upper one", (self.lower, self.upper)
            )
        if self.digits is not None and (kind is ParameterType.INT or self.digits < 0):
            raise InvalidArgument("digits", "decimals of a FLOAT, at least 0", self.digits)
        _ = self.distribution  # its own checks, now rather than at the first trial

    @property
    def distribution(self) -> Distribution:
        """The same, as a study knows it."""
        if self.parameter_type is ParameterType.INT:
            return IntDistribution(int(self.lower), int(self.upper), log=self.log_scale)
        step = None if self.digits is None else 10.0**-self.digits
        return FloatDistribution(self.lower, self.upper, log=self.log_scale, step=step)


@dataclass(frozen=True)
class ChoiceParameter:
    """One of several values.

    Args:
        name: 1 to 255 characters.
        parameter_type: Of the values.
        values: At least two, all different.
        is_ordered: Whether their order means something. None: that of numbers does, and with
            two values the question does not arise.
        dependents: By value, the names of the parameters that an arm has only where this one
            has that value.

    Raises:
        InvalidType: If a value is of another type.
        InvalidArgument: If there are fewer than two values, one stands twice, or ``dependents``
            speaks of another value.
    """

    name: str
    parameter_type: ParameterType
    values: Sequence[Any]
    is_ordered: bool | None = None
    dependents: Mapping[Any, Sequence[str]] | None = None

    def __post_init__(self) -> None:
        check_name("name", self.name)
        if isinstance(self.values, str) or not isinstance(self.values, Sequence):
            raise InvalidType(f"{self.name}.values", "a sequence of values", self.values)
        cast = [self.parameter_type.cast(f"{self.name}.values", value) for value in self.values]
        if len(cast) < 2 or len(set(cast)) < len(cast):
            raise InvalidArgument(f"{self.name}.values", "two or more values, all different", cast)
        if self.is_ordered is None:
            numbers = self.parameter_type in (ParameterType.INT, ParameterType.FLOAT)
            object.__setattr__(self, "is_ordered", numbers or len(cast) == 2)
        object.__setattr__(self, "values", tuple(cast))
        dependents = {
            self.parameter_type.cast(f"{self.name}.dependents", value): tuple(names)
            for value, names in (self.dependents or {}).items()
        }
        if not dependents.keys() <= set(cast):
            raise InvalidArgument(f"{self.name}.dependents", f"values among {cast}", dependents)
        object.__setattr__(self, "dependents", dependents)

    @property
    def distribution(self) -> Distribution:
        """The same, as a study knows it."""
        return CategoricalDistribution(tuple(self.values))


@dataclass(frozen=True)
class FixedParameter:
    """A value that is part of every arm and does not vary.

    Args:
        name: 1 to 255 characters.
        parameter_type: Of the value.
        value: The value.
    """

    name: str
    parameter_type: ParameterType
    value: Any

    def __post_init__(self) -> None:
        check_name("name", self.name)
        value = self.parameter_type.cast(f"{self.name}.value", self.value)
        object.__setattr__(self, "value", value)

    @property
    def distribution(self) -> Distribution:
        """The same, as a study knows it: a single choice."""
        return CategoricalDistribution((self.value,))


Parameter: TypeAlias = RangeParameter | ChoiceParameter | FixedParameter


def to_json(parameter: Parameter) -> dict[str, Any]:
    """A JSON object that `from_json` turns back into an equal parameter."""
    fields: dict[str, Any] = {"name": parameter.name, "value_type": parameter.parameter_type.name}
    match parameter:
        case RangeParameter():
            fields |= {
                "type": "range",
                "bounds": [parameter.lower, parameter.upper],
                "log_scale": parameter.log_scale,
                "digits": parameter.digits,
            }
        case ChoiceParameter():
            dependents = [
                [value, list(names)] for value, names in (parameter.dependents or {}).items()
            ]
            fields |= {
                "type": "choice",
                "values": [encode_json(value) for value in parameter.values],
                "is_ordered": parameter.is_ordered,
                "dependents": dependents,
            }
        case FixedParameter():
            fields |= {"type": "fixed", "value": encode_json(parameter.value)}
    return fields


def from_json(data: Mapping[str, Any]) -> Parameter:
    """The parameter that `to_json` wrote."""
    name, kind = data["name"], ParameterType[data["value_type"]]
    if data["type"] == "range":
        low, high = data["bounds"]
        return RangeParameter(name, kind, low, high, data["log_scale"], data["digits"])
    if data["type"] == "choice":
        values = [decode_json(value) for value in data["values"]]
        return ChoiceParameter(name, kind, values, data["is_ordered"], dict(data["dependents"]))
    return FixedParameter(name, kind, decode_json(data["value"]))
