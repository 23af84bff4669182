"""From the text of a filter to its tree.

    condition   = all { "or" all }
    all         = denial { "and" denial }
    denial      = "not" denial | comparison
    comparison  = sum { ("==" | "!=" | "<" | "<=" | ">" | ">=") sum }
                | sum ["not"] "in" "(" constant { "," constant } [","] ")"
                | sum ("contains" | "startswith" | "endswith" | "matches") text
    sum         = product { ("+" | "-") product }
    product     = sign { ("*" | "/") sign }
    sign        = "-" sign | "+" sign | atom
    atom        = number | text | "true" | "false" | "none" | "inf" | "(" condition ")" | name
    name        = word [ "[" (text | number) "]" ]

A name alone is a condition too (``feasible``). Keywords may be written in any case.
"""

from __future__ import annotations

import math
import unicodedata
from typing import Any, Final

from trimtab.errors import InvalidFilter, InvalidType
from trimtab.query.lexer import Token, tokens
from trimtab.query.nodes import (
    TEXT_OPERATORS,
    Arithmetic,
    Comparison,
    Condition,
    Connected,
    Constant,
    Membership,
    Name,
    Negative,
    Node,
    Not,
    Span,
    TextMatch,
    Value,
    is_number,
)

MAX_DEPTH: Final = 40
"""How deep parentheses and denials may be nested."""

MAX_OPERATORS: Final = 100
"""Comparisons, arithmetic operators, ``and`` and ``or`` that a filter may have."""

_COMPARATORS: Final = ("==", "!=", "<", "<=", ">", ">=")
_CONSTANTS: Final = {"true": True, "false": False, "none": None, "null": None, "inf": math.inf}
_RESERVED: Final = frozenset(("and", "or", "not", "in", *TEXT_OPERATORS, *_CONSTANTS))


def parse(text: str) -> Condition:
    """The tree of a filter.

    Raises:
        InvalidFilter: If the text cannot be read; it says where and why.
        InvalidType: If it is no text.
    """
    if not isinstance(text, str):
        raise InvalidType("where", "text", text)
    parser = _Parser(text)
    node = parser.condition_of(parser.connected("or"))
    if not parser.ended:
        raise parser.fault(f"expected `and`, `or` or the end {parser.after()}", parser.now)
    return node


def parse_name(text: str) -> Name:
    """The name of a field alone.

    Raises:
        InvalidFilter: If the text is anything else.
    """
    parser = _Parser(text)
    if parser.now.kind != "name":
        raise parser.fault("expected the name of a field", parser.now)
    node = parser.name()
    if not (parser.ended and isinstance(node, Name)):
        raise InvalidFilter("expected the name of a field", text, 0, max(1, len(text)))
    return node


class _Parser:
    """Reads one text from left to right, one word ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._last: Token | None = None
        self._depth = 0
        self._operators = 0
        self.now = next(self._tokens)

    @property
    def ended(self) -> bool:
        """Whether all was read."""
        return self.now.kind == "end"

    def connected(self, operator: str) -> Node:
        """Terms between ``or``, each of which is terms between ``and``."""
        term = self._denial if operator == "and" else lambda: self.connected("and")
        node = term()
        if not self.now.says(operator):
            return node
        terms: list[Condition] = []
        while True:
            condition = self.condition_of(node)
            if isinstance(condition, Connected) and condition.operator == operator:
                terms += condition.terms
            else:
                terms.append(condition)
            if not self.now.says(operator):
                return Connected(operator, tuple(terms), terms[0].span.to(terms[-1].span))
            self._operator()
            node = term()

    def _denial(self) -> Node:
        if not self.now.says("not"):
            return self._comparison()
        token = self._take()
        self._deeper(token)
        node = self.condition_of(self._denial())
        self._depth -= 1
        return Not(node, _span(token).to(node.span))

    def _comparison(self) -> Node:
        node = self._sum()
        if self.now.says(*_COMPARATORS):
            operands, operators = [self._value_of(node)], []
            while self.now.says(*_COMPARATORS):
                operators.append(self._operator().value)
                operands.append(self._value_of(self._sum()))
            span = operands[0].span.to(operands[-1].span)
            return Comparison(tuple(operands), tuple(operators), span)
        if self.now.says("in", "not"):
            operand = self._value_of(node)
            negated = self.now.says("not")
            if negated:
                self._take()
                if not self.now.says("in"):
                    raise self.fault(f"expected `in` {self.after()}", self.now)
            self._operator()
            items, end = self._items()
            return Membership(operand, items, negated, operand.span.to(end))
        if self.now.says(*TEXT_OPERATORS):
            operand = self._value_of(node)
            operator = self._operator().value.lower()
            pattern = self._text_constant(f"expected text in quotes after `{operator}`")
            return TextMatch(operand, operator, pattern, operand.span.to(pattern.span))
        return node

    def _items(self) -> tuple[tuple[Constant, ...], Span]:
        self._expect("(", 'a list in parentheses, as in `state in ("COMPLETE", "PRUNED")`,')
        items: list[Constant] = []
        while not self.now.says(")"):
            item = self._sign()
            if not isinstance(item, Constant):
                raise self._fault_of(
                    "expected numbers, text, true, false or none in the list", item
                )
            items.append(item)
            if not self.now.says(")"):
                self._expect(",", "`,` or `)`")
        if not items:
            raise self.fault("expected at least one value in the list", self.now)
        return tuple(items), _span(self._take())

    def _sum(self) -> Node:
        return self._arithmetic(("+", "-"), lambda: self._arithmetic(("*", "/"), self._sign))

    def _arithmetic(self, operators: tuple[str, str], part: Any) -> Node:
        node: Node = part()
        while self.now.says(*operators):
            left = self._value_of(node)
            operator = self._operator().value
            right = self._value_of(part())
            node = Arithmetic(operator, left, right, left.span.to(right.span))
        return node

    def _sign(self) -> Node:
        if not self.now.says("-", "+"):
            return self._atom()
        token = self._take()
        self._deeper(token)
        operand = self._value_of(self._sign())
        self._depth -= 1
        span = _span(token).to(operand.span)
        if isinstance(operand, Constant):
            if not is_number(operand.value):
                raise self._fault_of(f"expected a number after `{token.value}`", operand)
            return Constant(-operand.value if token.value == "-" else operand.value, span)
        return Negative(operand, span) if token.value == "-" else operand

    def _atom(self) -> Node:
        token = self.now
        if token.kind == "number" or token.kind == "text":
            return Constant(self._take().value, _span(token))
        if token.kind == "name":
            return self.name()
        if token.says("("):
            self._take()
            self._deeper(token)
            node = self.connected("or")
            self._depth -= 1
            self._expect(")", "`)`")
            return node
        raise self.fault(f"expected a field or a value {self.after()}", token)

    def name(self) -> Constant | Name:
        """A field, or a constant that has a name."""
        token = self._take()
        word = token.value
        if word.lower() in _CONSTANTS:
            return Constant(_CONSTANTS[word.lower()], _span(token))
        if word.lower() in _RESERVED:
            raise self.fault(f"expected a field or a value {self.after(skip=token)}", token)
        root, dot, key = word.partition(".")
        span = _span(token)
        if self.now.says("["):
            if dot:
                raise self.fault(f'expected the whole name in brackets: {root}["..."]', self.now)
            self._take()
            if self.now.kind not in ("text", "number"):
                raise self.fault('expected a name in quotes, as in params["my lr"]', self.now)
            key = str(self._take().value)
            span = span.to(_span(self.now))
            self._expect("]", "`]`")
            return Name(root, unicodedata.normalize("NFC", key), span)
        return Name(root, unicodedata.normalize("NFC", key) if dot else None, span)

    def _text_constant(self, expected: str) -> Constant:
        if self.now.kind != "text":
            raise self.fault(expected, self.now)
        token = self._take()
        return Constant(token.value, _span(token))

    # ------------------------------------------------------------------ kinds of node

    def condition_of(self, node: Node) -> Condition:
        """``node`` where a trial either passes or not."""
        if isinstance(node, (Constant, Negative, Arithmetic)):
            raise self._fault_of(f"expected a comparison, as in `{_shown(node)} < 1`", node)
        return node

    def _value_of(self, node: Node) -> Value:
        if isinstance(node, (Constant, Name, Negative, Arithmetic)):
            return node
        raise self._fault_of("expected a field or a value, not a condition", node)

    # ------------------------------------------------------------------ words

    def _take(self) -> Token:
        self._last = token = self.now
        if token.kind != "end":
            self.now = next(self._tokens)
        return token

    def _operator(self) -> Token:
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            raise self.fault(f"expected at most {MAX_OPERATORS} operators", self.now)
        return self._take()

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.fault(f"expected at most {MAX_DEPTH} levels of nesting", token)

    def _expect(self, symbol: str, expected: str) -> None:
        if not self.now.says(symbol):
            raise self.fault(f"expected {expected} {self.after()}", self.now)
        self._take()

    def after(self, skip: Token | None = None) -> str:
        """Words that say behind what something was expected."""
        last = self._last
        if last is None or last is skip:
            return "here"
        word = self._text[last.position : last.position + last.length]
        return f"after `{word if len(word) <= 30 else word[:30] + '…'}`"

    def fault(self, reason: str, token: Token) -> InvalidFilter:
        """What is wrong with a word."""
        return InvalidFilter(reason, self._text, token.position, token.length)

    def _fault_of(self, reason: str, node: Node) -> InvalidFilter:
        return InvalidFilter(reason, self._text, node.span.position, node.span.length)


def _span(token: Token) -> Span:
    return Span(token.position, token.length)


def _shown(node: Node) -> str:
    text = str(node)
    return text if len(text) <= 30 else "value"
