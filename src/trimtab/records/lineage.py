"""What a run keeps with its trials of who went on from whom: system attributes, and their reading.

What another program wrote may be anything. Entries that are none are left out here, so that a
picture or a page shows the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from trimtab.space.paths import SEPARATOR, flattened

if TYPE_CHECKING:
    from trimtab.records.history import History

CONFIG: Final = "tune:config"
"""The config that a trial has now, as far as JSON can hold it."""
BEGAN: Final = "tune:began"
"""The config it began with, where it has another one now."""
LINEAGE: Final = "tune:lineage"
"""Its exploits, in order: each [step, donor, the donor's iteration, {parameter: new value}]."""

OPAQUE: Final = "__object__"
"""In a config, the key under which the name of something stands that JSON cannot hold."""

_LOOKED_AT = 10_000
_SUFFIX: Final = SEPARATOR + OPAQUE


@dataclass(frozen=True, slots=True)
class Descent:
    """That a trial went on from another.

    Attributes:
        trial: Which.
        step: After which of its reports; 0: before the first.
        donor: From which trial.
        iteration: How many iterations lay behind the donor's checkpoint.
        changed: What is different in its config since, by path, as (before, after); before is
            None where it had nothing.
    """

    trial: int
    step: int
    donor: int
    iteration: int
    changed: Mapping[str, tuple[Any, Any]]


def descents_in(trial: int, attrs: Mapping[str, Any]) -> list[Descent]:
    """All by which a trial went on from others, in order.

    Args:
        trial: Its number.
        attrs: Its system attributes.
    """
    known = first_config(attrs)
    found = []
    for entry in _listed(attrs):
        step, donor, iteration, values = entry
        changed = {name: (known.get(name), value) for name, value in values.items()}
        known |= values
        found.append(Descent(trial, step, donor, iteration, changed))
    return found


def first_config(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """The config that a trial began with, flat, by path."""
    config = attrs.get(BEGAN, attrs.get(CONFIG))
    return flat_config(config) if isinstance(config, Mapping) else {}


def flat_config(config: Mapping[str, Any], *, opaque: bool = True) -> dict[str, Any]:
    """A stored config, flat, by path.

    Args:
        config: As it is stored.
        opaque: Whether what JSON could not hold is there, by its name, or is left out.
    """
    flat = flattened(config)
    if opaque:
        return {name.removesuffix(_SUFFIX): value for name, value in flat.items()}
    return {name: value for name, value in flat.items() if not name.endswith(_SUFFIX)}


def has_lineage(history: History) -> bool:
    """Whether a trial went on from another; looked for among the first 10,000."""
    first: Iterable[int] = islice(history.with_system_attrs(), _LOOKED_AT)
    return any(history.system_attrs(number).get(LINEAGE) for number in first)


def _listed(attrs: Mapping[str, Any]) -> list[tuple[int, int, int, dict[str, Any]]]:
    entries = attrs.get(LINEAGE, ())
    if not isinstance(entries, (list, tuple)):
        return []
    return [tuple(entry) for entry in entries if _is_entry(entry)]


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, (list, tuple))
        and len(entry) == 4
        and all(type(part) is int and part >= 0 for part in entry[:3])
        and isinstance(entry[3], Mapping)
    )
