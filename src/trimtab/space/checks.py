"""Numbers that are arguments: checked where they come in."""

from __future__ import annotations

import math
import numbers
from typing import Any

from trimtab.errors import InvalidArgument, InvalidType


def check_number(argument: str, value: Any, least: float, most: float = math.inf) -> float:
    """``value`` if it is a real number within bounds.

    Raises:
        InvalidType: If it is not a real number.
        InvalidArgument: If it is out of bounds or NaN.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidType(argument, "a real number", value)
    number = int(value) if isinstance(value, numbers.Integral) else float(value)
    if not least <= number <= most:
        bounds = f"at least {least}" if most == math.inf else f"from {least} to {most}"
        raise InvalidArgument(argument, f"a number {bounds}", value)
    return number


def check_count(argument: str, value: Any, least: int) -> int:
    """``value`` if it is a whole number of at least ``least``.

    Raises:
        InvalidType: If it is not a whole number.
        InvalidArgument: If it is too small.
    """
    number = check_number(argument, value, least)
    if not float(number).is_integer():
        raise InvalidType(argument, "a whole number", value)
    return int(number)
