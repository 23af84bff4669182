"""What a client sent, taken apart with care: it may be anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from trimtab.errors import InvalidArgument, InvalidType, TrimtabError, short_repr
from trimtab.storage import Ticket

T = TypeVar("T")

_LARGEST = (1 << 63) - 1


class Arguments:
    """Named values of a request.

    Args:
        data: A JSON object, or the query of a URL.
        ticket: What names the write, if it has a key.

    Raises:
        InvalidType: If it is no object.
    """

    def __init__(self, data: Any, ticket: Ticket | None = None) -> None:
        self.ticket = ticket
        if not isinstance(data, Mapping):
            raise InvalidType("body", "a JSON object", data)
        self._data = data

    def integer(self, name: str) -> int:
        """A whole number from 0 to 2**63 - 1; digits in a URL are one."""
        value = self._present(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
            value = int(value)
        if value.__class__ is not int:
            raise InvalidType(name, "a whole number", value)
        if not 0 <= value <= _LARGEST:
            raise InvalidArgument(name, "a whole number from 0 to 2**63 - 1", value)
        return int(value)

    def number(self, name: str) -> int:
        """The number of a trial; what can be none is one that no study has."""
        value = self._present(name)
        if value.__class__ is int and not 0 <= value <= _LARGEST:
            return _LARGEST
        if isinstance(value, str) and value.removeprefix("-").isdecimal():
            return self.integer(name) if value.isdigit() and len(value) < 20 else _LARGEST
        return self.integer(name)

    def attempt(self, name: str = "attempt") -> int | None:
        """A whole number or None."""
        value = self._data.get(name)
        if value is not None and value.__class__ is not int:
            raise InvalidType(name, "a whole number or null", value)
        return value

    def text(self, name: str) -> str:
        """A string."""
        value = self._present(name)
        if not isinstance(value, str):
            raise InvalidType(name, "a string", value)
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._present(name)
        if not isinstance(value, bool):
            raise InvalidType(name, "true or false", value)
        return value

    def numbers(self, name: str) -> list[int]:
        """Numbers of trials."""
        value = self._present(name)
        if not isinstance(value, list):
            raise InvalidType(name, "a list of whole numbers", value)
        return [Arguments({name: item}).number(name) for item in value]

    def decoded(self, name: str, load: Callable[[Any], T]) -> T:
        """A value that ``load`` reads, whose failures tell of the argument."""
        return decoded(name, load, self._present(name))

    def optional(self, name: str, load: Callable[[Any], T]) -> T | None:
        """The same, or None where it is absent or null."""
        return None if self._data.get(name) is None else self.decoded(name, load)

    def _present(self, name: str) -> Any:
        if name not in self._data:
            raise InvalidArgument(name, "a value", None)
        return self._data[name]


def decoded(name: str, load: Callable[[Any], T], value: Any) -> T:
    """``load(value)``; where that fails, it was the client's fault.

    Raises:
        InvalidArgument: If ``value`` is not what ``load`` reads.
    """
    try:
        return load(value)
    except TrimtabError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise _unreadable(name, error, value) from error
    except (RuntimeError, StopIteration) as error:  # columns of unlike lengths; nested too deep
        raise _unreadable(name, error, value) from error


def _unreadable(name: str, error: BaseException, value: Any) -> InvalidArgument:
    expected = f"what the documentation says ({type(error).__name__}: {short_repr(str(error))})"
    return InvalidArgument(name, expected, value)
