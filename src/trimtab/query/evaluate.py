"""Which trials a filter lets through: one array operation for each of its words.

A missing value passes no comparison, whichever operator it is (``!=`` too); ``x == none`` asks
whether it is missing. NaN is missing. Values of different types are never equal and stand in no
order: True is not 1, and "1" is not 1. A time without a zone is UTC: a filter that is shared means
the same everywhere.
"""

from __future__ import annotations

import datetime
import difflib
import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from trimtab.errors import InvalidFilter
from trimtab.query.column import Codes, Column, Mask, Numbers
from trimtab.query.fields import Fields, UnknownField
from trimtab.query.nodes import (
    Arithmetic,
    Comparison,
    Condition,
    Connected,
    Constant,
    Membership,
    Name,
    Negative,
    Not,
    Span,
    TextMatch,
    Value,
    is_number,
)
from trimtab.records import to_micros

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NOWHERE: Final = Span(0, 0)
_MIRRORED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPUTE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class Evaluator:
    """Evaluates the tree of one filter on the trials of a study.

    Args:
        fields: Of the study.
        text: The filter, for errors.
    """

    def __init__(self, fields: Fields, text: str) -> None:
        self._fields = fields
        self._text = text

    def mask(self, node: Condition) -> Mask:
        """Shape (n,): the trials that pass.

        Raises:
            InvalidFilter: On a field that the trials do not have, or a comparison of types that
                cannot be compared.
        """
        match node:
            case Connected(operator="and"):
                return functools.reduce(operator.and_, map(self.mask, node.terms))
            case Connected():
                return functools.reduce(operator.or_, map(self.mask, node.terms))
            case Not():
                return ~self.mask(node.term)
            case Comparison():
                return self._comparison(node)
            case Membership():
                return self._membership(node)
            case TextMatch():
                return self._text_match(node)
            case Name():
                return self._alone(node)

    # ------------------------------------------------------------------ conditions

    def _comparison(self, node: Comparison) -> Mask:
        values = [self._value(operand) for operand in node.operands]
        return functools.reduce(
            operator.and_,
            (
                self._compare(symbol, values[i : i + 2], node.operands[i : i + 2])
                for i, symbol in enumerate(node.operators)
            ),
        )

    def _compare(self, symbol: str, values: Sequence[Any], nodes: Sequence[Value]) -> Mask:
        (left, right), (_, right_node) = values, nodes
        if not isinstance(left, (Numbers, Codes)):
            if not isinstance(right, (Numbers, Codes)):
                raise self._fault("expected a field on one side of the comparison", right_node)
            symbol, left, right, right_node = _MIRRORED[symbol], right, left, nodes[0]
        if isinstance(right, (Numbers, Codes)):
            return self._compare_columns(symbol, left, right, right_node)
        return self._compare_constant(symbol, left, right, right_node)

    def _compare_constant(self, symbol: str, column: Column, constant: Any, node: Value) -> Mask:
        if constant is None:
            if symbol not in ("==", "!="):
                raise self._fault("expected `==` or `!=` with none", node)
            return column.missing if symbol == "==" else ~column.missing
        constant = self._fitting(column, constant, node)
        compare = _COMPARE[symbol]
        if isinstance(column, Numbers):
            with np.errstate(invalid="ignore"):
                passed: Mask = compare(column.values, _as_float(constant))
            return passed & ~column.missing if symbol == "!=" else passed
        if symbol in ("==", "!="):
            equal = _equal_levels(column, constant)
            wanted = equal if symbol == "==" else [not same for same in equal]
            return column.pick(wanted) & ~column.missing
        if isinstance(constant, bool):
            raise self._fault("expected `==` or `!=` with true and false", node)
        alike = is_number if is_number(constant) else _is_text
        return column.pick([alike(x) and bool(compare(x, constant)) for x in column.levels])

    def _compare_columns(self, symbol: str, left: Column, right: Column, node: Value) -> Mask:
        if isinstance(left, Numbers) and isinstance(right, Numbers):
            if left.unit != right.unit:
                raise self._fault("expected two times or two numbers, not one of each", node)
            present = ~left.missing & ~right.missing
            passed: Mask = _COMPARE[symbol](left.values, right.values) & present
            return passed
        a, b = (side.coded() if isinstance(side, Numbers) else side for side in (left, right))
        width = len(b.levels) + 1
        pairs, inverse = np.unique((a.codes + 1) * width + b.codes + 1, return_inverse=True)
        answers = []
        for pair in pairs.tolist():
            i, j = pair // width - 1, pair % width - 1
            answers.append(i >= 0 and j >= 0 and _related(symbol, a.levels[i], b.levels[j]))
        return np.array(answers, dtype=bool)[inverse]

    def _membership(self, node: Membership) -> Mask:
        column = self._column(node.operand)
        symbol = "!=" if node.negated else "=="
        masks = [self._compare_constant(symbol, column, item.value, item) for item in node.items]
        return functools.reduce(operator.and_ if node.negated else operator.or_, masks)

    def _text_match(self, node: TextMatch) -> Mask:
        column = self._column(node.operand)
        if isinstance(column, Numbers):
            if not column.missing.all():
                raise self._fault(
                    f"expected a field of text before `{node.operator}`", node.operand
                )
            return self._none()
        test = _matcher(node.operator, node.pattern.value)
        return column.pick([test(level) for level in column.levels])

    def _alone(self, node: Name) -> Mask:
        column = self._column(node)
        if isinstance(column, Numbers):
            if column.missing.all():
                return self._none()
            raise self._fault(f"expected a comparison, as in `{node} < 1`", node)
        if column.closed and not any(isinstance(level, bool) for level in column.levels):
            raise self._fault(
                f'expected a comparison, as in `{node} == "{column.levels[0]}"`', node
            )
        return column.pick([level is True for level in column.levels])

    # ------------------------------------------------------------------ values

    def _value(self, node: Value) -> Any:
        """A column, or the plain value of a constant."""
        match node:
            case Constant():
                return node.value
            case Name():
                return self._column(node)
            case Negative():
                return self._computed(operator.neg, node.operand)
            case Arithmetic():
                return self._computed(_COMPUTE[node.operator], node.left, node.right)

    def _computed(self, compute: Callable[..., Any], *nodes: Value) -> Any:
        with np.errstate(all="ignore"):
            result = compute(*map(self._operand, nodes))
        return Numbers(result) if isinstance(result, np.ndarray) else float(result)

    def _operand(self, node: Value) -> Any:
        value = self._value(node)
        if isinstance(value, Codes) and all(map(is_number, value.levels)):
            floats = np.array([*map(_as_float, value.levels), np.nan])
            return floats[value.codes]
        if isinstance(value, Numbers) and value.unit == "number":
            return value.values
        if is_number(value):
            return np.float64(_as_float(value))
        raise self._fault("expected a number to compute with", node)

    def _column(self, node: Value) -> Column:
        if not isinstance(node, Name):
            value = self._value(node)
            if isinstance(value, (Numbers, Codes)):
                return value
            raise self._fault("expected a field", node)
        try:
            return self._fields.column(self._fields.field(node.root, node.key))
        except UnknownField as error:
            near = f": did you mean `{error.near}`?" if error.near else ""
            raise self._fault(f"no trial has a field `{error.name}`{near}", node) from None

    def _fitting(self, column: Column, constant: Any, node: Value) -> Any:
        """The constant as the column's values are, if it can be one of them."""
        if isinstance(column, Numbers):
            if column.unit == "time":
                return self._moment(constant, node)
            if not is_number(constant) and not column.missing.all():
                raise self._fault("expected a number", node)
            return constant if is_number(constant) else np.nan
        if not column.closed:
            return constant
        if isinstance(constant, str) and column.levels and constant not in column.levels:
            texts = [level for level in column.levels if isinstance(level, str)]
            for text in texts:
                if text.lower() == constant.lower():
                    return text
            near = difflib.get_close_matches(constant[:100], texts[:100], n=1)
            hint = f': did you mean "{near[0]}"?' if near else f", one of {_listed(column.levels)}"
            raise self._fault(f"expected a value that the field may have{hint}", node)
        if not any(_alike(level, constant) for level in column.levels):
            raise self._fault(f"expected one of {_listed(column.levels)}", node)
        return constant

    def _moment(self, constant: Any, node: Value) -> float:
        if isinstance(constant, str):
            try:
                moment = datetime.datetime.fromisoformat(constant.strip())
                if moment.tzinfo is None:
                    moment = moment.replace(tzinfo=datetime.UTC)
                return float(to_micros(moment) or 0)
            except (ValueError, OverflowError, OSError):
                pass
        raise self._fault('expected a time, as in "2026-01-31" or "2026-01-31T12:30Z"', node)

    def _none(self) -> Mask:
        return np.zeros(len(self._fields.history), dtype=bool)

    def _fault(self, reason: str, node: Value) -> InvalidFilter:
        return InvalidFilter(reason, self._text, node.span.position, node.span.length)


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return np.inf if number > 0 else -np.inf


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _alike(a: Any, b: Any) -> bool:
    """Whether two values are of one kind: numbers, text, or True and False."""
    return type(a) is type(b) or (is_number(a) and is_number(b))


def _related(symbol: str, a: Any, b: Any) -> bool:
    """Whether one plain value compares so with another."""
    if a is None or b is None or a != a or b != b:
        return False
    if symbol in ("==", "!="):
        return (_alike(a, b) and bool(a == b)) is (symbol == "==")
    if not _alike(a, b) or not (is_number(a) or _is_text(a)):
        return False
    return bool(_COMPARE[symbol](a, b))


def _equal_levels(column: Codes, constant: Any) -> list[bool]:
    """Which levels equal a constant; among choices, 1 is 1.0 only where there is no choice 1."""
    if column.closed:
        exact = [type(level) is type(constant) and level == constant for level in column.levels]
        if any(exact):
            return exact
    return [_alike(level, constant) and bool(level == constant) for level in column.levels]


def _matcher(symbol: str, pattern: str) -> Callable[[Any], bool]:
    """What says whether a value matches: no backtracking, whatever the pattern."""
    if symbol == "contains":
        return lambda value: isinstance(value, (str, list, tuple)) and pattern in value
    if symbol == "startswith":
        return lambda value: isinstance(value, str) and value.startswith(pattern)
    if symbol == "endswith":
        return lambda value: isinstance(value, str) and value.endswith(pattern)
    head, *parts = pattern.split("*")
    return lambda value: isinstance(value, str) and _glob(head, parts, value)


def _glob(head: str, parts: list[str], text: str) -> bool:
    """Whether ``text`` is ``head`` and then each part after anything, to its end."""
    if not parts:
        return text == head
    if not text.startswith(head):
        return False
    at = len(head)
    for part in parts[:-1]:  # the earliest place leaves the most room for the rest
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(parts[-1]) >= at and text.endswith(parts[-1])


def _listed(levels: Sequence[Any]) -> str:
    shown = ", ".join(str(Constant(level, _NOWHERE)) for level in levels[:8])
    return shown if len(levels) <= 8 else f"{shown}, …"
