"""What an object was made of, kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self


class MadeOf:
    """Keeps the arguments of its making, so that its like can be made again from a record.

    Attributes:
        made_of: Positional arguments, and those by name.
    """

    made_of: tuple[tuple[Any, ...], Mapping[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Keep the arguments; ``__init__`` takes them as ever."""
        self = super().__new__(cls)
        self.made_of = (args, kwargs)
        return self
