"""The filters of the Trials page: ``value < 0.2 and params.lr > 1e-3 and state == "COMPLETE"``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trimtab.query.column import Mask
from trimtab.query.evaluate import Evaluator
from trimtab.query.fields import Fields
from trimtab.query.nodes import (
    Arithmetic,
    Comparison,
    Condition,
    Connected,
    Membership,
    Name,
    Negative,
    Node,
    Not,
    TextMatch,
)
from trimtab.query.parser import parse


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition that a trial meets or not.

    Its ``str`` is the same filter, written the one way.

    Attributes:
        text: As it was written.
        root: Its tree.
    """

    text: str
    root: Condition

    def __str__(self) -> str:
        return str(self.root)

    def mask(self, fields: Fields) -> Mask:
        """Shape (n,): the trials of a study that meet it.

        Raises:
            InvalidFilter: If it does not fit the study: a field that no trial has, a comparison
                of types that cannot be compared.
        """
        return Evaluator(fields, self.text).mask(self.root)

    def mentions(self, root: str) -> bool:
        """Whether it speaks of a field, or of one below it."""
        return any(name.root == root for name in _names(self.root))


def parse_filter(text: str) -> Filter:
    """Read a filter; nothing of it is run.

    The grammar is that of `trimtab.query.parser`, the meaning that of `trimtab.query.evaluate`.

    Args:
        text: At most 4,000 characters, 100 operators and 40 levels of nesting.

    Raises:
        InvalidFilter: If it cannot be read; ``position`` and ``length`` say where.
        InvalidType: If it is no text.
    """
    return Filter(text, parse(text))


def _names(node: Node) -> Iterator[Name]:
    match node:
        case Name():
            yield node
        case Negative() | Membership() | TextMatch():
            yield from _names(node.operand)
        case Arithmetic():
            yield from _names(node.left)
            yield from _names(node.right)
        case Comparison():
            for operand in node.operands:
                yield from _names(operand)
        case Not():
            yield from _names(node.term)
        case Connected():
            for term in node.terms:
                yield from _names(term)
