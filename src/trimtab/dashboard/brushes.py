"""Ranges on the axes of the parallel coordinates, and the filters that say the same in words.

A filter is a chain of conditions joined by ``and``. Those that bound one axis are its range, the
others are kept as they are: people may write whatever they like beside what they drag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from trimtab.dashboard.context import StudyView
from trimtab.query.filter import parse_filter
from trimtab.query.nodes import Comparison, Condition, Connected, Constant, Membership, Name, Span
from trimtab.query.nodes import field_name as written
from trimtab.space import CategoricalDistribution
from trimtab.visualization.axes import choice_order
from trimtab.visualization.data import objective_name

_NOWHERE: Final = Span(0, 0)
_LOWER: Final = {">=": False, ">": True}
_UPPER: Final = {"<=": False, "<": True}
_MIRRORED: Final = {"<=": ">=", "<": ">", ">=": "<=", ">": "<", "==": "=="}


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a categorical axis: its label, and how a filter writes it."""

    label: str
    literal: str


@dataclass(frozen=True, slots=True)
class Axis:
    """What a range may be put on.

    Attributes:
        label: What people read.
        field: What filters write.
        choices: From the lowest up; empty for numbers.
    """

    label: str
    field: str
    choices: tuple[Choice, ...] = ()


@dataclass(slots=True)
class Range:
    """What a filter says about one axis.

    Attributes:
        axis: Which.
        low: The smallest value, or None.
        high: The largest, or None.
        low_is_open: Whether ``low`` itself is left out.
        high_is_open: Whether ``high`` itself is left out.
        chosen: Literals of the choices; empty for all.
    """

    axis: Axis
    low: float | None = None
    high: float | None = None
    low_is_open: bool = False
    high_is_open: bool = False
    chosen: frozenset[str] = frozenset()

    @property
    def is_set(self) -> bool:
        """Whether it leaves anything out."""
        return self.low is not None or self.high is not None or bool(self.chosen)


@dataclass(frozen=True, slots=True)
class Ranges:
    """A filter, taken apart.

    Attributes:
        rows: One per axis, in their order.
        rest: What else the filter says, joined by ``and``; may be empty.
    """

    rows: tuple[Range, ...]
    rest: str = field(default="")


def axes_of(study: StudyView, params: Sequence[str]) -> list[Axis]:
    """The axes of the figure of some parameters: the objectives, then they. Hold the lock."""
    if len(study.directions) == 1:
        axes = [Axis(objective_name(study, 0), "value")]
    else:
        keys = study.metric_names or [str(j) for j in range(len(study.directions))]
        axes = [
            Axis(objective_name(study, j), written("values", key)) for j, key in enumerate(keys)
        ]
    space = study.history.space
    return [*axes, *(Axis(name, written("params", name), _choices(space[name])) for name in params)]


def _choices(distribution: object) -> tuple[Choice, ...]:
    if not isinstance(distribution, CategoricalDistribution):
        return ()
    values = [distribution.choices[i] for i in choice_order(distribution)]
    literals = [str(Constant(value, _NOWHERE)) for value in values]
    labels = [str(value) for value in values]
    if len(set(labels)) < len(labels):
        labels = literals  # '1' is told from 1
    return tuple(Choice(label, text) for label, text in zip(labels, literals, strict=True))


def ranges_of(where: str, axes: Sequence[Axis]) -> Ranges:
    """The ranges that a filter puts on axes.

    Args:
        where: A filter; blank for none.
        axes: Where ranges can be.

    Raises:
        InvalidFilter: If it cannot be read.
    """
    rows = {axis.field: Range(axis) for axis in axes}
    if not where.strip():
        return Ranges(tuple(rows.values()))
    root = parse_filter(where).root
    is_chain = isinstance(root, Connected) and root.operator == "and"
    terms: Sequence[Condition] = root.terms if is_chain and isinstance(root, Connected) else [root]
    rest = [term for term in terms if not _taken(term, rows)]
    alternative = [isinstance(term, Connected) and term.operator == "or" for term in rest]
    texts = [
        f"({term})" if loose else str(term) for term, loose in zip(rest, alternative, strict=True)
    ]
    return Ranges(tuple(rows.values()), " and ".join(texts))


def _taken(term: Condition, rows: dict[str, Range]) -> bool:
    """Whether a condition bounds an axis that it finds unbounded; then it is written there."""
    match term:
        case Membership(operand=Name() as name, negated=False):
            return _choose(rows.get(str(name)), [str(item) for item in term.items])
        case Comparison(operands=(Name() as name, Constant() as bound)):
            return _bound(rows.get(str(name)), term.operators[0], bound)
        case Comparison(operands=(Constant() as bound, Name() as name)):
            return _bound(rows.get(str(name)), _MIRRORED.get(term.operators[0], ""), bound)
        case Comparison(operands=(Constant() as low, Name() as name, Constant() as high)):
            return _between(rows.get(str(name)), low, high, term.operators)
    return False


def _choose(row: Range | None, literals: Sequence[str]) -> bool:
    if row is None or row.chosen or not row.axis.choices:
        return False
    known = {choice.literal for choice in row.axis.choices}
    if not known.issuperset(literals):
        return False
    row.chosen = frozenset(literals)
    return True


def _bound(row: Range | None, operator: str, bound: Constant) -> bool:
    if row is None:
        return False
    if row.axis.choices:
        return operator == "==" and _choose(row, [str(bound)])
    if isinstance(bound.value, bool) or not isinstance(bound.value, (int, float)):
        return False
    if operator == "==" and row.low is None and row.high is None:
        row.low = row.high = bound.value
    elif operator in _LOWER and row.low is None:
        row.low, row.low_is_open = bound.value, _LOWER[operator]
    elif operator in _UPPER and row.high is None:
        row.high, row.high_is_open = bound.value, _UPPER[operator]
    else:
        return False
    return True


def _between(row: Range | None, low: Constant, high: Constant, operators: Sequence[str]) -> bool:
    """``low <= axis <= high``."""
    if row is None or row.is_set or row.axis.choices or not set(operators) <= set(_UPPER):
        return False
    fits = _bound(row, _MIRRORED[operators[0]], low) and _bound(row, operators[1], high)
    if not fits:
        row.low = row.high = None
        row.low_is_open = row.high_is_open = False
    return fits
