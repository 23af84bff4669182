"""The words of a filter: where each one stands, and what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from trimtab.errors import InvalidFilter

MAX_LENGTH: Final = 4000
"""Characters that a filter may have."""

Kind: TypeAlias = Literal["number", "text", "name", "symbol", "end"]

# Each of these reads a character in one way only, so that no text makes them go back and forth.
_NUMBER: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAME: Final = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_SYMBOLS: Final = ("==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", "+", "-", "*", "/")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_ELSEWHERE: Final = {
    "=": "expected `==`",
    "&": "expected `and`",
    "|": "expected `or`",
    "!": "expected `not` or `!=`",
}
"""What people write who come from other languages, and what to say to them."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a filter.

    Attributes:
        kind: What it is.
        value: A number, the text between quotes, or the word as it was written.
        position: Index of its first character.
        length: Characters, at least 1.
    """

    kind: Kind
    value: Any
    position: int
    length: int

    def says(self, *words: str) -> bool:
        """Whether it is one of these keywords (in any case) or symbols."""
        if self.kind == "name":
            return self.value.lower() in words
        return self.kind == "symbol" and self.value in words


def tokens(text: str) -> Iterator[Token]:
    """The words of ``text``, the last one of kind ``"end"``.

    Raises:
        InvalidFilter: If the text is too long, or has something in it that is no word.
    """
    if len(text) > MAX_LENGTH:
        reason = f"expected at most {MAX_LENGTH} characters, got {len(text)}"
        raise InvalidFilter(reason, text, MAX_LENGTH, len(text) - MAX_LENGTH)
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _token(text, at)
        yield token
        at += token.length
    yield Token("end", "", len(text.rstrip()), 1)


def _token(text: str, at: int) -> Token:
    if text[at] in "\"'":
        return _text(text, at)
    if number := _NUMBER.match(text, at):
        word = number.group()
        end = number.end()
        if end < len(text) and (text[end].isalnum() or text[end] in "_."):
            raise _fault("expected a number", text, at, end + 1 - at)
        whole = word.isdigit()
        return Token("number", int(word) if whole else float(word), at, len(word))
    if name := _NAME.match(text, at):
        return Token("name", name.group(), at, len(name.group()))
    if text.startswith("<>", at):
        raise _fault("expected `!=`", text, at, 2)
    for symbol in _SYMBOLS:
        if text.startswith(symbol, at):
            return Token("symbol", symbol, at, len(symbol))
    if text[at] == ".":
        raise _fault(
            'expected a name after the dot; odd names go in brackets: params["my lr"]', text, at
        )
    raise _fault(_ELSEWHERE.get(text[at], "expected no such character here"), text, at)


def _text(text: str, at: int) -> Token:
    quote, i = text[at], at + 1
    characters: list[str] = []
    while i < len(text):
        if text[i] == quote:
            return Token("text", "".join(characters), at, i + 1 - at)
        if text[i] == "\\" and i + 1 < len(text):
            i += 1
            characters.append(_ESCAPES.get(text[i], text[i]))
        else:
            characters.append(text[i])
        i += 1
    raise _fault(f"expected a closing {quote}", text, at, len(text) - at)


def quoted(text: str) -> str:
    """Text between quotes, as `tokens` reads it."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    for letter, character in _ESCAPES.items():
        text = text.replace(character, f"\\{letter}")
    return f'"{text}"'


def _fault(reason: str, text: str, position: int, length: int = 1) -> InvalidFilter:
    return InvalidFilter(reason, text, position, length)
