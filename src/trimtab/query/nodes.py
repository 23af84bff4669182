"""A filter as a tree, which prints as the text of an equal one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from trimtab.query.lexer import quoted

_PLAIN_KEY: Final = re.compile(r"\w+(?:\.\w+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """The part of the text that a node was read from.

    Attributes:
        position: Index of its first character.
        length: Characters.
    """

    position: int
    length: int

    def to(self, other: Span) -> Span:
        """From the start of this one to the end of the other."""
        return Span(self.position, other.position + other.length - self.position)


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, text, True, False or None."""

    value: Any
    span: Span = field(compare=False)

    def __str__(self) -> str:
        if self.value is None or isinstance(self.value, bool):
            return str(self.value).lower()
        if isinstance(self.value, str):
            return quoted(self.value)
        return repr(self.value)


@dataclass(frozen=True, slots=True)
class Name:
    """A field of a trial: ``value``, ``params.lr``.

    Attributes:
        root: Before the first dot.
        key: After it, or None.
        span: Where it stands.
    """

    root: str
    key: str | None
    span: Span = field(compare=False)

    def __str__(self) -> str:
        return field_name(self.root, self.key)


@dataclass(frozen=True, slots=True)
class Negative:
    """``-x``; a negative number is a `Constant`."""

    operand: Value
    span: Span = field(compare=False)

    def __str__(self) -> str:
        return f"-{_within(self.operand, _BINDING[Negative])}"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left operator right``, the operator one of ``+ - * /``."""

    operator: str
    left: Value
    right: Value
    span: Span = field(compare=False)

    def __str__(self) -> str:
        binding = _binding(self)
        return f"{_within(self.left, binding)} {self.operator} {_within(self.right, binding + 1)}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``a < b <= c``: every neighbour compares so.

    Attributes:
        operands: k of them, at least 2.
        operators: k - 1, each one of ``== != < <= > >=``.
        span: Where it stands.
    """

    operands: tuple[Value, ...]
    operators: tuple[str, ...]
    span: Span = field(compare=False)

    def __str__(self) -> str:
        words = [str(self.operands[0])]
        for operator, operand in zip(self.operators, self.operands[1:], strict=True):
            words += [operator, str(operand)]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Membership:
    """``operand in (items)`` or ``operand not in (items)``."""

    operand: Value
    items: tuple[Constant, ...]
    negated: bool
    span: Span = field(compare=False)

    def __str__(self) -> str:
        items = ", ".join(map(str, self.items))
        return f"{self.operand} {'not in' if self.negated else 'in'} ({items})"


@dataclass(frozen=True, slots=True)
class TextMatch:
    """``operand operator "text"``, the operator one of `TEXT_OPERATORS`."""

    operand: Value
    operator: str
    pattern: Constant
    span: Span = field(compare=False)

    def __str__(self) -> str:
        return f"{self.operand} {self.operator} {self.pattern}"


@dataclass(frozen=True, slots=True)
class Not:
    """``not term``."""

    term: Condition
    span: Span = field(compare=False)

    def __str__(self) -> str:
        return f"not {_within(self.term, _BINDING[Not])}"


@dataclass(frozen=True, slots=True)
class Connected:
    """Conditions between ``and``, or between ``or``.

    Attributes:
        operator: ``"and"`` or ``"or"``.
        terms: At least 2.
        span: Where it stands.
    """

    operator: str
    terms: tuple[Condition, ...]
    span: Span = field(compare=False)

    def __str__(self) -> str:
        binding = _binding(self) + 1
        return f" {self.operator} ".join(_within(term, binding) for term in self.terms)


Value: TypeAlias = Constant | Name | Negative | Arithmetic
Condition: TypeAlias = Comparison | Membership | TextMatch | Not | Connected | Name
Node: TypeAlias = Value | Condition

TEXT_OPERATORS: Final = ("contains", "startswith", "endswith", "matches")

_BINDING: Final[dict[Any, int]] = {
    "or": 1,
    "and": 2,
    Not: 3,
    Comparison: 4,
    Membership: 4,
    TextMatch: 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    Negative: 7,
    Name: 8,
    Constant: 8,
}
"""How tightly a node holds its parts together, by its operator or type."""


def _binding(node: Node) -> int:
    if isinstance(node, (Arithmetic, Connected)):
        return _BINDING[node.operator]
    return _BINDING[type(node)]


def _within(node: Node, least: int) -> str:
    return f"({node})" if _binding(node) < least else str(node)


def field_name(root: str, key: str | None) -> str:
    """A field as people write it: ``params.lr``, ``params["my lr"]``."""
    if key is None:
        return root
    return f"{root}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{root}[{quoted(key)}]"


def is_number(value: Any) -> bool:
    """Whether a plain value is a number, which True and False are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
