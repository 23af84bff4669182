"""JSON as bytes, exact to the bit, and the parts that records are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from trimtab.errors import InvalidArgument
from trimtab.space import Space, check_name, decode_json, encode_json, from_json, to_json

_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def to_bytes(value: Any) -> bytes:
    """``value``, already plain JSON, as ASCII.

    Raises:
        InvalidArgument: If Python's limit on the digits of an integer is passed.
    """
    try:
        return _encoder.encode(value).encode("ascii")
    except ValueError as error:
        raise InvalidArgument("value", f"something JSON can hold ({error})", value) from error


def from_bytes(text: bytes) -> Any:
    """What `to_bytes` was given.

    Raises:
        InvalidArgument: If it is not JSON, or nested too deep, or has a number with too many
            digits.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument("body", f"JSON ({error})", text[:200]) from error


def dump_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes with checked names as JSON."""
    return {check_name("key", key): encode_json(value) for key, value in attrs.items()}


def load_attrs(data: Any) -> dict[str, Any]:
    """What `dump_attrs` was given."""
    if not isinstance(data, dict):
        raise InvalidArgument("attrs", "a JSON object", data)
    return {key: decode_json(value) for key, value in data.items()}


@lru_cache(maxsize=256)
def dump_space(space: Space) -> str:
    """A space as text, in order: the same few spaces come with every trial of a study."""
    return _encoder.encode([[name, to_json(distribution)] for name, distribution in space.items()])


@lru_cache(maxsize=256)
def load_space(text: str) -> Space:
    """What `dump_space` was given; the same text gives the same object.

    Raises:
        InvalidArgument: If it is no space.
    """
    try:
        return Space({name: from_json(body) for name, body in json.loads(text)})
    except (ValueError, TypeError, RecursionError) as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument("space", f"distributions by name ({error})", text) from error
