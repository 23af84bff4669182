"""The axes of the parallel coordinate plot: heights from 0 to 1, and the way back to values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trimtab.space import Floats, IntDistribution
from trimtab.visualization.axes import param_axis
from trimtab.visualization.data import StudyLike, Trials, objective_name
from trimtab.visualization.text import number, short

NOT_THERE: Final = -0.12
"""The height of lines that have no value on an axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One vertical axis, of an objective or a parameter.

    Attributes:
        name: What it is called.
        heights: Shape (k,), of the trials drawn: 0 to 1, NaN where absent.
        ticks: Heights and labels.
        texts: The value of each trial; empty where absent.
        low: The value at height 0; of choices, the first place.
        high: The value at height 1.
        log: Whether heights are logarithmic between them.
        is_integer: Whether only whole numbers are possible.
        choices: How many there are; 0 for numbers.
    """

    name: str
    heights: Floats
    ticks: list[tuple[float, str]]
    texts: list[str]
    low: float
    high: float
    log: bool = False
    is_integer: bool = False
    choices: int = 0

    def meta(self) -> dict[str, Any]:
        """What a script needs to translate heights into values."""
        return {
            "low": self.low,
            "high": self.high,
            "log": self.log,
            "integer": self.is_integer,
            "choices": self.choices,
        }


def axes_of(
    study: StudyLike,
    everything: Trials,
    drawn: Trials,
    params: Sequence[str],
    several: bool,
    log: bool,
) -> list[Axis]:
    """The axes of the objective, or of all of them, and of parameters.

    Args:
        study: Whose trials.
        everything: All of them that could be drawn: they span the axes.
        drawn: Some of them.
        params: Names of parameters.
        several: Whether every objective has an axis.
        log: Whether axes of objectives are logarithmic, where all their values are above 0.
    """
    if several:
        values = everything.history.values
        axes = [
            _value_axis(
                objective_name(study, j),
                values[everything.numbers, j],
                values[drawn.numbers, j],
                log,
            )
            for j in range(len(study.directions))
        ]
    else:
        axes = [_value_axis(everything.name, everything.values, drawn.values, log)]
    return [*axes, *(_parameter_axis(everything, drawn, name) for name in params)]


def _value_axis(name: str, everything: Floats, drawn: Floats, log: bool) -> Axis:
    log = log and bool(np.all(everything > 0.0))
    texts = [number(value) for value in drawn.tolist()]
    return _number_axis(name, everything, drawn, texts, log, is_integer=False)


def _parameter_axis(everything: Trials, drawn: Trials, name: str) -> Axis:
    axis = param_axis(drawn, name)
    if axis.labels is None:
        whole = isinstance(axis.distribution, IntDistribution)
        column = everything.column(name)
        return _number_axis(
            name, column, axis.positions, axis.texts(), axis.is_log, is_integer=whole
        )
    count = len(axis.labels)
    heights = axis.positions / (count - 1) if count > 1 else axis.positions + 0.5
    ticks = [(i / (count - 1) if count > 1 else 0.5, text) for i, text in enumerate(axis.labels)]
    return Axis(name, heights, ticks, axis.texts(), 0.0, float(count - 1), choices=count)


def _number_axis(
    name: str, everything: Floats, drawn: Floats, texts: list[str], log: bool, *, is_integer: bool
) -> Axis:
    """Heights between the smallest and the largest value of all, and five ticks."""
    low, high = float(np.nanmin(everything)), float(np.nanmax(everything))
    if low == high:
        heights = np.where(np.isnan(drawn), np.nan, 0.5)
        return Axis(name, heights, [(0.5, short(low))], texts, low, high, log, is_integer)
    bottom, top = (np.log10([low, high]) if log else np.array([low, high])).tolist()
    at = np.linspace(bottom, top, 5).tolist()
    shown = [short(10.0**v if log else v) for v in at]
    # Divided before they are taken apart: the ends may be as far apart as floats go.
    span = top / 2.0 - bottom / 2.0
    heights = ((np.log10(drawn) if log else drawn) / 2.0 - bottom / 2.0) / span
    ticks = [((v / 2.0 - bottom / 2.0) / span, text) for v, text in zip(at, shown, strict=True)]
    return Axis(name, heights, ticks, texts, low, high, log, is_integer)
