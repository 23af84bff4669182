"""Linear constraints between parameters: ``x1 + 2*x2 <= 3``."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space.distributions import CategoricalDistribution, Distribution, IntDistribution
from trimtab.space.space import check_name

if TYPE_CHECKING:
    from trimtab.space.transform import Floats

Sense: TypeAlias = Literal["<=", ">="]


@dataclass(frozen=True, slots=True)
class LinearConstraint:
    """A weighted sum of parameters is at most (or at least) a bound.

    It speaks of parameters as the objective sees them: of a learning rate, not of its logarithm.

    Args:
        weights: By parameter name, finite; those of weight 0 are left out, and one must remain.
        bound: Finite.
        sense: ``"<="`` or ``">="``.

    Raises:
        InvalidType: If a weight or the bound is not a number.
        InvalidArgument: If one is not finite, a name may not be one, no parameter remains or the
            sense is another.
    """

    weights: Mapping[str, float]
    bound: float
    sense: Sense = "<="
    _terms: tuple[tuple[str, float], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.weights, Mapping):
            raise InvalidType("weights", "weights by parameter name", self.weights)
        terms = tuple(
            (check_name("weights", name), weight)
            for name, given in self.weights.items()
            if (weight := _finite("weights", given)) != 0.0
        )
        if not terms:
            raise InvalidArgument("weights", "at least one weight that is not 0", self.weights)
        if self.sense not in get_args(Sense):
            raise InvalidArgument("sense", "'<=' or '>='", self.sense)
        object.__setattr__(self, "weights", MappingProxyType(dict(terms)))
        object.__setattr__(self, "bound", _finite("bound", self.bound))
        object.__setattr__(self, "_terms", terms)

    def __hash__(self) -> int:
        return hash((frozenset(self._terms), self.bound, self.sense))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self._terms), self.bound, self.sense)

    def __str__(self) -> str:
        left = " + ".join(f"{weight!r}*{name}" for name, weight in self._terms)
        return f"{left.replace('+ -', '- ')} {self.sense} {self.bound!r}"

    def excess(self, params: Mapping[str, Any]) -> float:
        """By how much a point violates the constraint: at most 0 where it holds.

        The sum is exact, over the decimal forms a person reads: 0.1 + 0.2 is at most 0.3.

        Args:
            params: Numbers by parameter name, of the constraint's names and perhaps others.

        Raises:
            InvalidArgument: If a parameter of the constraint is missing.
            InvalidType: If its value is not a number.
        """
        return float(self._excess(params))

    def holds(self, params: Mapping[str, Any]) -> bool:
        """Whether a point satisfies the constraint, exactly; see `excess`."""
        return self._excess(params) <= 0

    def _excess(self, params: Mapping[str, Any]) -> Fraction:
        total = -_decimal(self.bound)
        for name, weight in self._terms:
            if name not in params:
                raise InvalidArgument("params", f"a value of `{name}`", dict(params))
            total += _decimal(weight) * _decimal(_finite_or_int(name, params[name]))
        return total if self.sense == "<=" else -total

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` turns back into an equal constraint."""
        return {"weights": dict(self._terms), "bound": self.bound, "sense": self.sense}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LinearConstraint:
        """The constraint that `to_json` wrote.

        Raises:
            InvalidArgument: If ``data`` is no constraint.
        """
        try:
            return cls(data["weights"], data["bound"], data["sense"])
        except (KeyError, TypeError) as error:
            raise InvalidArgument("constraint", "weights, bound and sense", data) from error


def parse_constraint(text: str, names: Collection[str]) -> LinearConstraint:
    """The constraint that a text states: ``"x1 <= x2"``, ``"-x1 + 2.1*x2 <= 3"``.

    Both sides are sums of numbers, parameters and products of one number and one parameter;
    spaces may stand anywhere between. A parameter whose name is no identifier is known by
    ``names``.

    Args:
        text: The constraint.
        names: The parameters there are.

    Raises:
        InvalidType: If ``text`` is not a string.
        InvalidArgument: If it cannot be read (the message says at which character), names an
            unknown parameter, or asks for an equality: search spaces that are a thin sheet are
            better described by one parameter less.
    """
    if not isinstance(text, str):
        raise InvalidType("parameter_constraints", "a constraint as text", text)
    return _Reader(text, names).constraint()


def check_constraints(
    constraints: Iterable[LinearConstraint], space: Mapping[str, Distribution]
) -> None:
    """Refuse constraints that do not fit a space.

    Raises:
        InvalidArgument: If a constraint names a parameter that the space has not, or one without
            order.
    """
    for constraint in constraints:
        for name in constraint.weights:
            if name not in space:
                raise InvalidArgument(
                    "parameter_constraints", f"parameters among {sorted(space)}", name
                )
            if isinstance(space[name], CategoricalDistribution):
                raise InvalidArgument(
                    "parameter_constraints",
                    f"parameters that are numbers, and `{name}` is a choice",
                    str(constraint),
                )


def constraint_arrays(
    constraints: Sequence[LinearConstraint], names: Sequence[str]
) -> tuple[Floats, Floats]:
    """The same constraints as ``A @ x <= b``.

    Args:
        constraints: k of them, of parameters among ``names``.
        names: d parameters, the order of the columns.

    Returns:
        A of shape (k, d) and b of shape (k,).

    Raises:
        InvalidArgument: If a constraint names another parameter.
    """
    columns = {name: i for i, name in enumerate(names)}
    A = np.zeros((len(constraints), len(columns)))
    b = np.zeros(len(constraints))
    for row, constraint in enumerate(constraints):
        sign = 1.0 if constraint.sense == "<=" else -1.0
        b[row] = sign * constraint.bound
        for name, weight in constraint.weights.items():
            if name not in columns:
                raise InvalidArgument("constraints", f"parameters among {list(columns)}", name)
            A[row, columns[name]] = sign * weight
    return A, b


def feasible_point(
    constraints: Sequence[LinearConstraint], space: Mapping[str, Distribution]
) -> dict[str, Any] | None:
    """Some point of a space that satisfies all constraints, or None if there is none.

    Integers and steps are honoured: a mixed-integer program is solved (HiGHS, through
    `scipy.optimize.milp`), whose tolerance is about 1e-6 of the bounds. Choices are not part of
    any constraint and are left out of the point.

    Raises:
        InvalidArgument: If a constraint does not fit the space; see `check_constraints`.
    """
    check_constraints(constraints, space)
    numeric = {
        name: distribution
        for name, distribution in space.items()
        if not isinstance(distribution, CategoricalDistribution)
    }
    if not numeric:
        return {}
    from scipy.optimize import Bounds, milp
    from scipy.optimize import LinearConstraint as Rows

    # x = low + scale * k: k counts the steps of a grid; where there is none, it is in [0, 1].
    low = np.array([float(d.low) for d in numeric.values()])
    span = np.array([float(d.high) for d in numeric.values()]) - low
    whole = np.array([d.step is not None for d in numeric.values()])
    scale = np.array(
        [
            float(d.step) if d.step is not None else width
            for d, width in zip(numeric.values(), span, strict=True)
        ]
    )
    steps = np.where(whole, np.round(span / np.where(scale == 0.0, 1.0, scale)), 1.0)
    A, b = constraint_arrays(constraints, list(numeric))
    rows = Rows(A * scale, -np.inf, b - A @ low) if len(constraints) else ()
    found = milp(
        np.zeros(len(numeric)), integrality=whole, bounds=Bounds(0.0, steps), constraints=rows
    )
    if found.x is None:
        return None
    point: dict[str, Any] = {}
    for (name, d), k in zip(numeric.items(), found.x, strict=True):
        if isinstance(d, IntDistribution):
            point[name] = min(max(d.low + round(k) * d.step, d.low), d.high)
        else:
            value = d.low + (round(k) * d.step if d.step is not None else k * (d.high - d.low))
            point[name] = min(max(float(value), d.low), d.high)
    return point


_NUMBER: Final = re.compile(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?")
_NAME: Final = re.compile(r"[^\W\d][\w.]*")
_SPACE: Final = re.compile(r"\s*")


class _Reader:
    """Reads one constraint from the left to the right."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        self._text = text
        self._names = names
        self._position = 0
        self._weights: dict[str, Fraction] = {}
        self._constant = Fraction(0)
        # Only these may hold an operator or a space; of two that fit, the longer one is meant.
        self._odd = sorted((n for n in names if not _NAME.fullmatch(n)), key=len, reverse=True)

    def constraint(self) -> LinearConstraint:
        self._side(1)
        sense = self._sense()
        self._side(-1)
        if self._rest():
            raise self._fault("one comparison")
        weights = {name: weight for name, weight in self._weights.items() if weight}
        if not weights:
            raise self._fault("a parameter that does not cancel out", 0)
        try:
            numbers = {name: float(weight) for name, weight in weights.items()}
            return LinearConstraint(numbers, float(-self._constant), sense)
        except OverflowError as error:
            raise self._fault("finite numbers", 0) from error

    def _side(self, sign: int) -> None:
        self._term(sign * (self._sign() or 1))
        while following := self._sign():
            self._term(sign * following)

    def _sign(self) -> int:
        return -1 if self._took("-") else 1 if self._took("+") else 0

    def _term(self, sign: int) -> None:
        factor, name = self._factor()
        if self._took("*"):
            other, second = self._factor()
            if name is not None and second is not None:
                raise self._fault("a product of a number and a parameter (a linear constraint)")
            factor, name = factor * other, name if second is None else second
        if name is None:
            self._constant += sign * factor
        else:
            self._weights[name] = self._weights.get(name, Fraction(0)) + sign * factor

    def _factor(self) -> tuple[Fraction, str | None]:
        rest = self._rest()
        for name in self._odd:
            if rest.startswith(name):
                self._position += len(name)
                return Fraction(1), name
        if match := _NUMBER.match(rest):
            self._position += match.end()
            return Fraction(match[0]), None
        if match := _NAME.match(rest):
            if match[0] not in self._names:
                raise self._fault(f"a parameter, one of {sorted(self._names)}")
            self._position += match.end()
            return Fraction(1), match[0]
        raise self._fault("a number or a parameter")

    def _sense(self) -> Sense:
        if self._took("<="):
            return "<="
        if self._took(">="):
            return ">="
        if self._rest()[:1] == "=":
            raise self._fault("'<=' or '>=', as equalities are not supported:")
        raise self._fault("'<=' or '>='")

    def _took(self, symbol: str) -> bool:
        if not self._rest().startswith(symbol):
            return False
        self._position += len(symbol)
        return True

    def _rest(self) -> str:
        match = _SPACE.match(self._text, self._position)
        self._position = match.end() if match else self._position
        return self._text[self._position :]

    def _fault(self, expected: str, position: int | None = None) -> InvalidArgument:
        at = self._position if position is None else position
        return InvalidArgument(
            "parameter_constraints",
            f"{expected} at character {at + 1} (such as 'x1 + 2*x2 <= 3')",
            self._text,
        )


def _decimal(value: float) -> Fraction:
    return Fraction(value) if isinstance(value, int) else Fraction(repr(value))


def _finite_or_int(name: str, value: Any) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        return value  # exact at any size
    return _finite(name, value)


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
