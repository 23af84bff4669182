"""How much people like each trial of a preferential study, by the model."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from trimtab.records import History
from trimtab.samplers.preferential import PreferentialSampler


@dataclass(frozen=True, slots=True)
class Utility:
    """What is believed of one trial, in units of the judges' noise.

    Attributes:
        mean: Around 0; larger is liked better.
        deviation: Standard deviation, positive.
    """

    mean: float
    deviation: float


_known: Final[weakref.WeakKeyDictionary[History, tuple[int, Mapping[int, Utility]]]] = (
    weakref.WeakKeyDictionary()
)


def utilities_of(history: History) -> Mapping[int, Utility]:
    """By trial number; empty where nothing was compared yet.

    Kept for as long as the history is as it is: a table, a gallery and a figure ask alike. Hold
    the storage's lock where other threads may be writing.
    """
    revision, found = _known.get(history, (-1, {}))
    if revision != history.revision:
        beliefs = PreferentialSampler().beliefs(history)
        found = MappingProxyType({number: Utility(*belief) for number, belief in beliefs.items()})
        _known[history] = history.revision, found
    return found
