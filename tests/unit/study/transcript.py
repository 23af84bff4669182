"""What a script saw, in plain values by which two libraries can be compared."""

from __future__ import annotations

import datetime
import enum
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TRIAL_FIELDS = (
    "number",
    "state",
    "values",
    "params",
    "distributions",
    "user_attrs",
    "intermediate_values",
    "constraints",
    "last_step",
)


@dataclass(frozen=True)
class Raised:
    """An error, by what a caller could catch it as."""

    kinds: frozenset[str]

    def __repr__(self) -> str:
        return f"raises {sorted(self.kinds)}"


def raised(error: BaseException, library: Any) -> Raised:
    """The builtin classes of an error, and the names in ``library.exceptions`` it goes by."""
    builtin = {
        kind.__name__
        for kind in type(error).__mro__
        if kind.__module__ == "builtins" and kind not in (object, BaseException, Exception)
    }
    own = {
        f"exceptions.{name}"
        for name, kind in vars(library.exceptions).items()
        if isinstance(kind, type) and isinstance(error, kind)
    }
    return Raised(frozenset(builtin | own))


class Transcript:
    """Collects what a script sees, under labels that are unique in the script.

    Args:
        library: `optuna` or `trimtab`.
    """

    def __init__(self, library: Any) -> None:
        self.library = library
        self.rows: dict[str, Any] = {}

    def see(self, label: str, value: Any) -> None:
        """Note a value."""
        if label in self.rows:
            raise ValueError(f"{label!r} was noted before")
        self.rows[label] = plain(value)

    def call(self, label: str, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Note what a call returned, or raised, and the kinds of its warnings."""
        answer: Any = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                answer = func(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  (whatever it is, it is compared)
                self.see(label, raised(error, self.library))
            else:
                self.see(label, answer)
        kinds = [w.category for w in caught if not w.category.__name__.startswith("Experimental")]
        if kinds:
            self.see(f"{label}: warnings", sorted(_builtin_warning(kind) for kind in kinds))
        return answer


def _builtin_warning(kind: type[Warning]) -> str:
    return next(base.__name__ for base in kind.__mro__ if base.__module__ == "builtins")


def plain(value: Any) -> Any:
    """A value without the classes of the library it came from."""
    if isinstance(value, Raised) or value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value
    if isinstance(value, (datetime.datetime, datetime.timedelta)):
        return type(value).__name__
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "intermediate_values"):
        return {name: plain(getattr(value, name)) for name in _TRIAL_FIELDS}
    if type(value).__name__.endswith("Distribution"):
        names = ("low", "high", "log", "step", "choices")
        fields = {name: plain(getattr(value, name)) for name in names if hasattr(value, name)}
        return {"": type(value).__name__, **fields}
    if isinstance(value, int):
        return value
    return type(value).__name__


def agrees(theirs: Any, ours: Any) -> bool:
    """Whether code written against ``theirs`` gets what it expects from ``ours``."""
    if isinstance(theirs, Raised) and isinstance(ours, Raised):
        return theirs.kinds <= ours.kinds
    return bool(theirs == ours)
