"""What each member's parameters were, step by step."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import TrialState
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution
from trimtab.visualization.data import StudyLike
from trimtab.visualization.descents import (
    HINT,
    NONE_YET,
    Members,
    members_of,
    told,
    value_text,
)
from trimtab.visualization.figure import empty, log_axis, make, thinning_note
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import plain
from trimtab.visualization.theme import Theme, ThemeName, get_theme
from trimtab.visualization.thinning import check_limit, ends, thin

_TITLE = "Parameter Paths"
_MAX_LINES = 64
_MAX_POINTS = 30_000
_MAX_PANELS = 12
_ROW, _MARGINS, _GAP = 150, 120, 30  # pixels


def plot_parameter_paths(
    study: StudyLike,
    params: Sequence[str] | None = None,
    *,
    theme: ThemeName = "light",
    max_trials: int = _MAX_LINES,
) -> Any:
    """A panel for each parameter that was changed in a run, a line in it for each member.

    A line is level as long as the member kept a value. Where it went on from another trial there
    is a mark, which tells from which and what changed. The member that is best in the end is
    drawn strong.

    Args:
        study: Whose trials: that of a run of population based training.
        params: Paths of the parameters, in the order of the panels; None: those that were changed,
            12 at most.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many lines to draw at most, with 30,000 points in all. Members that took
            part in an exploit go first.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If no member has one of the parameters (a ValueError).
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    limit = check_limit(max_trials)
    members = members_of(study.history, limit)
    if members is None:
        started = len(study.history) > 0
        return empty(_TITLE, theme, f"{NONE_YET}\n{HINT}" if started else "No trials yet.")
    known = _changed(members)
    names = known[:_MAX_PANELS] if params is None else _asked(members, params)
    if not names:
        return empty(_TITLE, theme, "No parameter was changed by an exploit.")
    notes = thinning_note(len(members.numbers), members.total)
    if params is None and len(names) < len(known):
        notes.append(f"showing {len(names)} of {len(known)} changed parameters")
    colors = get_theme(theme)
    best = _best(members)
    height = _ROW * len(names) + _MARGINS
    part, gap = 1.0 / len(names), _GAP / (height - _MARGINS)
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": "Step"}, "anchor": f"y{len(names)}" if names[1:] else "y"},
        "showlegend": True,
        "height": height,
    }
    traces: list[dict[str, Any]] = []
    for index, name in enumerate(names):
        axis = f"y{index + 1}" if index else "y"
        lines = {int(trial): _path(members, int(trial), name) for trial in members.numbers}
        traces += _panel(lines, members, axis, best, colors)
        top = 1.0 - index * part
        layout[f"yaxis{index + 1}" if index else "yaxis"] = {
            **_axis(study, name, [v for line in lines.values() for v in line[1]]),
            "domain": [max(top - part + (gap if index < len(names) - 1 else 0.0), 0.0), top],
        }
    return make(_TITLE, theme, traces, layout, notes)


Path = tuple[list[int], list[Any], list[str]]
"""Steps of a line's corners, the values from there on, and what happened there (or nothing)."""


def _changed(members: Members) -> list[str]:
    """What exploits changed, what was changed most often first among many."""
    counts: dict[str, int] = {}
    for found in members.descents.values():
        for each in found:
            for name in each.changed:
                counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: -counts[name])


def _asked(members: Members, params: Sequence[str]) -> list[str]:
    known = {name for trial in members.numbers for name in members.first(int(trial))}
    known |= set(_changed(members))
    for name in params:
        if name not in known:
            raise InvalidArgument("params", f"some of {sorted(known)}", name)
    return list(dict.fromkeys(params))


def _path(members: Members, trial: int, name: str) -> Path:
    value = members.first(trial).get(name)
    steps, values, texts = [0], [value], [""]
    for descent in members.descents.get(trial, []):
        if name in descent.changed:
            value = descent.changed[name][1]
        steps.append(descent.step)
        values.append(value)
        texts.append(told(descent))
    last = members.last_step(trial)
    if last > steps[-1]:
        steps, values, texts = [*steps, last], [*values, value], [*texts, ""]
    room = max(_MAX_POINTS // len(members.numbers), 20)
    kept = thin(len(steps), [ends(len(steps))], room)
    return [steps[k] for k in kept], [values[k] for k in kept], [texts[k] for k in kept]


def _panel(
    lines: dict[int, Path], members: Members, axis: str, best: int | None, theme: Theme
) -> list[dict[str, Any]]:
    few = len(lines) <= len(theme.palette)
    traces = []
    order = sorted(lines, key=lambda trial: (trial == best, trial))
    for trial in order:
        row = int(np.searchsorted(members.numbers, trial))
        steps, values, texts = lines[trial]
        is_best = trial == best
        color = theme.color(row) if few else theme.text if is_best else theme.muted
        names = f"Trial {trial}" + (" (best)" if is_best else "")
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": names if few or is_best else "Others",
                "legendgroup": names if few or is_best else "others",
                "legendrank": row if few else 0 if is_best else 1,
                "showlegend": axis == "y" and (few or is_best or trial == order[0]),
                "x": steps,
                "y": [_drawable(value) for value in values],
                "yaxis": axis,
                "line": {"color": color, "width": 2.5 if is_best else 1.4, "shape": "hv"},
                "marker": {
                    "color": color,
                    "symbol": "diamond",
                    "size": [7 if text else 0 for text in texts],
                },
                "opacity": 1.0 if few or is_best else 0.45,
                "hovertext": [
                    text or f"<b>Trial {trial}</b> at step {step}: {value_text(value)}"
                    for text, step, value in zip(texts, steps, values, strict=True)
                ],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        )
    return traces


def _drawable(value: Any) -> float | str | None:
    """A value as an axis takes it: numbers are numbers, and all else is words."""
    if value is None or (isinstance(value, numbers.Real) and not isinstance(value, bool)):
        return value  # type: ignore[return-value]
    return plain(value, 18)


def _axis(study: StudyLike, name: str, values: list[Any]) -> dict[str, Any]:
    axis: dict[str, Any] = {"title": {"text": plain(name, 18)}}
    real = [v for v in values if isinstance(v, numbers.Real) and not isinstance(v, bool)]
    if len(real) < len([value for value in values if value is not None]):
        return {**axis, "type": "category"}
    distribution = study.history.space.get(name)
    if isinstance(distribution, CategoricalDistribution):
        return axis
    is_log = isinstance(distribution, (FloatDistribution, IntDistribution)) and distribution.log
    low, high = (float(min(real)), float(max(real))) if real else (0.0, 0.0)
    if (is_log or high > 50.0 * low) and low > 0.0:
        return axis | log_axis(low, high, 3)
    return axis


def _best(members: Members) -> int | None:
    """The member with the best final value, where any has ended well."""
    history, numbers_ = members.history, members.numbers
    done = (history.states[numbers_] == TrialState.COMPLETE) & (history.violation[numbers_] <= 0)
    if not done.any():
        return None
    losses = np.where(done, history.losses[numbers_, 0], np.inf)
    return int(numbers_[np.argmin(losses)])
