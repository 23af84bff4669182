"""Axes of parameters: log parameters on log axes, categories by their labels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trimtab.space import CategoricalDistribution, Distribution, Floats
from trimtab.visualization.data import Trials
from trimtab.visualization.figure import log_axis
from trimtab.visualization.text import choice_labels, formatter, labels

_PADDING = 0.05
_LABEL, _TITLE, _NARROW_TITLE = 18, 40, 18  # characters


@dataclass(frozen=True, slots=True)
class ParamAxis:
    """One parameter of k trials, laid out along an axis.

    Attributes:
        name: The parameter's.
        distribution: Its latest.
        positions: Shape (k,), NaN where absent. A category stands at its place among the choices
            (ascending where they are all numbers), anything else at its value.
        is_log: Whether the axis is logarithmic.
        labels: Of the categories, by place; None if it is a number.
        internal: Shape (k,), internal values, NaN where absent.
    """

    name: str
    distribution: Distribution
    positions: Floats
    is_log: bool
    labels: tuple[str, ...] | None
    internal: Floats

    @property
    def scaled(self) -> Floats:
        """Shape (k,): positions as far apart as the eye sees them."""
        return np.log10(self.positions) if self.is_log else self.positions

    def texts(self, rows: Any = slice(None)) -> list[str]:
        """What to call each trial's value, or that of some rows; empty where absent."""
        write = formatter(self.distribution)
        return ["" if v != v else write(v) for v in self.internal[rows].tolist()]

    def limits(self) -> tuple[float, float]:
        """Where the axis begins and ends, in its own scale (log10 on a log axis)."""
        if self.labels is not None:
            return -0.5, len(self.labels) - 0.5
        present = self.scaled[np.isfinite(self.scaled)]
        low, high = float(present.min()), float(present.max())
        padding = (high - low) * _PADDING or max(abs(low) * _PADDING, 0.5)
        return low - padding, high + padding

    def layout(
        self, *, titled: bool = True, narrow: bool = False, among: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Plotly's settings for the axis.

        Args:
            titled: Whether the parameter's name stands beside it.
            narrow: Whether it is one of several side by side.
            among: Other parameters of the figure, which its name is to be told from.
        """
        axis: dict[str, Any] = {"range": list(self.limits())}
        if narrow:
            axis |= {"nticks": 4, "tickangle": 0 if self.labels is None else None}
        if titled:
            longest = _NARROW_TITLE if narrow else _TITLE
            axis["title"] = {"text": labels([self.name, *among], longest)[0]}
        if self.labels is not None:
            axis |= {"tickvals": list(range(len(self.labels))), "ticktext": list(self.labels)}
        elif self.is_log:
            low, high = self.limits()
            axis |= log_axis(10.0**low, 10.0**high, labels=3 if narrow else 6)
        return axis


def param_axis(trials: Trials, name: str) -> ParamAxis:
    """The axis of one parameter of some trials."""
    distribution = trials.history.space[name]
    internal = trials.column(name)
    if isinstance(distribution, CategoricalDistribution):
        order = choice_order(distribution)
        places = np.argsort(order).astype(np.float64)
        positions = np.full(len(internal), np.nan)
        present = ~np.isnan(internal)
        positions[present] = places[internal[present].astype(np.int64)]
        labels = choice_labels(distribution, _LABEL)
        return ParamAxis(
            name, distribution, positions, False, tuple(labels[i] for i in order), internal
        )
    return ParamAxis(name, distribution, internal, distribution.log, None, internal)


def choice_order(distribution: CategoricalDistribution) -> list[int]:
    """The places of the choices along an axis: ascending if all are numbers, else as they are."""
    choices = distribution.choices
    places = range(len(choices))
    numbers = all(
        isinstance(c, (int, float)) and not isinstance(c, bool) and math.isfinite(c)
        for c in choices
    )
    return sorted(places, key=lambda i: choices[i]) if numbers else list(places)


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of a grid: the ids of its axes for traces, their keys in the layout, its place."""

    x: str
    y: str
    xaxis: str
    yaxis: str
    x_domain: tuple[float, float]
    y_domain: tuple[float, float]


def grid(rows: int, columns: int, x_gap: float, y_gap: float) -> list[list[Panel]]:
    """Panels in rows from the top; gaps are shares of a panel's width and height."""
    x_spans, y_spans = _spans(columns, x_gap), _spans(rows, y_gap)[::-1]
    out: list[list[Panel]] = []
    for r in range(rows):
        line = []
        for c in range(columns):
            k = r * columns + c + 1
            suffix = "" if k == 1 else str(k)
            line.append(
                Panel(
                    f"x{suffix}", f"y{suffix}", f"xaxis{suffix}", f"yaxis{suffix}",
                    x_spans[c], y_spans[r],
                )
            )  # fmt: skip
        out.append(line)
    return out


def _spans(count: int, gap: float) -> list[tuple[float, float]]:
    width = 1.0 / (count + gap * (count - 1))
    starts = [i * width * (1.0 + gap) for i in range(count)]
    return [(start, min(start + width, 1.0)) for start in starts]
