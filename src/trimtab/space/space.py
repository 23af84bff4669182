"""Named distributions, in order."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space.distributions import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    Internal,
)
from trimtab.space.transform import Floats, from_unit, to_unit

MAX_NAME = 255


def check_name(argument: str, name: Any) -> str:
    """``name`` if it may name a parameter, study, metric or attribute.

    Raises:
        InvalidType: If it is not a string.
        InvalidArgument: If it is empty, longer than 255 characters, holds control characters or
            lone surrogates, or is not in Unicode's NFC form (two spellings of one text would be
            two names on one database and one on another).
    """
    if not isinstance(name, str):
        raise InvalidType(argument, "a string", name)
    if name.isascii() and name.isprintable() and 0 < len(name) <= MAX_NAME:
        return name
    if not 0 < len(name) <= MAX_NAME:
        raise InvalidArgument(argument, f"1 to {MAX_NAME} characters", name)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise InvalidArgument(argument, "no control characters", name)
    if not unicodedata.is_normalized("NFC", name):
        raise InvalidArgument(argument, "text in Unicode's NFC form", name)
    return name


class Space(Mapping[str, Distribution]):
    """Named distributions: a frozen mapping whose order is the order of the columns.

    Args:
        distributions: By parameter name.

    Attributes:
        names: Column names, d of them.
        columns: Column index by name.
        distributions: Column distributions, in the same order.
        levels: Shape (d,), how many values a column has; 0 for a continuum (and for more than
            2**53 of them).
        is_categorical: Shape (d,), whether a column is without order.

    Raises:
        InvalidArgument: If a name may not be one (see `check_name`).
        InvalidType: If a value is not a distribution.
    """

    __slots__ = ("_hash", "columns", "distributions", "is_categorical", "levels", "names")

    columns: Mapping[str, int]
    names: tuple[str, ...]
    distributions: tuple[Distribution, ...]

    def __init__(self, distributions: Mapping[str, Distribution] | None = None) -> None:
        given = dict(distributions or {})
        for name, distribution in given.items():
            check_name("name", name)
            if not isinstance(
                distribution, (FloatDistribution, IntDistribution, CategoricalDistribution)
            ):
                raise InvalidType(name, "a distribution", distribution)
        self.names = tuple(given)
        self.distributions = tuple(given.values())
        self._hash: int | None = None
        self.columns = {name: i for i, name in enumerate(self.names)}
        self.levels = np.array(
            [d.levels if d.levels < 2**53 else 0 for d in self.distributions], dtype=np.int64
        )
        self.is_categorical = np.array(
            [isinstance(d, CategoricalDistribution) for d in self.distributions], dtype=bool
        )
        self.levels.flags.writeable = False
        self.is_categorical.flags.writeable = False

    def __getitem__(self, name: str) -> Distribution:
        return self.distributions[self.columns[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Space):
            return NotImplemented
        return self.names == other.names and self.distributions == other.distributions

    def __hash__(self) -> int:
        if self._hash is None:  # spaces are keys of the history's hot path
            self._hash = hash((self.names, self.distributions))
        return self._hash

    def __repr__(self) -> str:
        return f"Space({dict(self)!r})"

    def index(self, name: str) -> int:
        """The column of ``name``; raises KeyError if it has none."""
        return self.columns[name]

    def subset(self, names: tuple[str, ...]) -> Space:
        """The space of some of the columns, in the order given."""
        return Space({name: self[name] for name in names})

    def with_parameter(self, name: str, distribution: Distribution) -> Space:
        """This space with one column added, or one distribution replaced."""
        return Space({**self, name: distribution})

    def decode(self, units: Iterable[float]) -> tuple[Internal, ...]:
        """Internal values of one point of the unit cube: d floats, none of them NaN."""
        return tuple(map(from_unit, self.distributions, units))

    def encode(self, internals: tuple[Internal, ...]) -> Floats:
        """The point of the unit cube, shape (d,), of one tuple of internal values."""
        return np.array(list(map(to_unit, self.distributions, internals)), dtype=np.float64)

    def external(self, internals: tuple[Internal, ...]) -> dict[str, Any]:
        """The parameters that an objective sees, by name."""
        return {
            name: distribution.to_external_repr(internal)
            for name, distribution, internal in zip(
                self.names, self.distributions, internals, strict=True
            )
        }
