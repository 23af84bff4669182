"""When each trial ran, and how it ended."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import History, TrialState, from_micros
from trimtab.visualization.data import StudyLike
from trimtab.visualization.figure import empty, make, thinning_note, trial_axis
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import hover, short
from trimtab.visualization.theme import ThemeName, get_theme
from trimtab.visualization.thinning import MAX_TRIALS, Indices, check_limit, ends, extremes, thin

_TITLE = "Timeline Plot"
_PARTS = 500  # of the whole time: what took less is drawn as one, or it would not be seen
_STALE = 5  # a trial that runs this many times longer than the longest is taken for dead
_LIVE = (TrialState.RUNNING, TrialState.PAUSED)


def plot_timeline(
    study: StudyLike,
    n_recent_trials: int | None = None,
    *,
    theme: ThemeName = "light",
    max_trials: int = MAX_TRIALS,
) -> Any:
    """A bar for each trial, from its start to its end, coloured by how it ended.

    Unfinished trials last until now; if all of them have been running for more than five times as
    long as the longest trial did, until the last trial ended. Times are local.

    Args:
        study: Whose trials.
        n_recent_trials: Only the last so many; None: all.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many bars to draw at most. Unfinished and failed trials go first.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        InvalidArgument: If ``n_recent_trials`` is below 1 (a ValueError).
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    if n_recent_trials is not None and n_recent_trials < 1:
        raise InvalidArgument("n_recent_trials", "a positive integer or None", n_recent_trials)
    graph_objects()
    limit = check_limit(max_trials)
    history = study.history
    numbers = history.usable(*TrialState)
    if n_recent_trials is not None:
        numbers = numbers[-n_recent_trials:]
    waiting = int(np.count_nonzero(history.started[numbers] == 0))
    numbers = numbers[history.started[numbers] > 0]
    notes = [f"{waiting:,} waiting"] if waiting else []
    if not len(numbers):
        return empty(_TITLE, theme, "No trial has started yet." if waiting else "No trials yet.")
    stop = _stops(history, numbers)
    start = history.started[numbers]
    states = history.states[numbers]
    marks = [
        ends(len(numbers)),
        np.nonzero(np.isin(states, _LIVE))[0],
        extremes([(stop - start).astype(np.float64), stop.astype(np.float64)]),
        np.nonzero(states == TrialState.FAIL)[0],
    ]
    rows = thin(len(numbers), marks, limit)
    width = 0.9
    if len(rows) < len(numbers):
        # A bar is as thick as the trials that it was chosen from.
        width = max(width, 0.5 * int(numbers[-1] - numbers[0]) / len(rows))
    shortest = (stop.max() - start.min()) / _PARTS
    colors = get_theme(theme)
    traces = []
    infeasible = history.violation[numbers] > 0.0
    for state in sorted(TrialState, key=lambda one: one.name):
        for bad in (True, False):
            if bad and state is not TrialState.COMPLETE:
                continue
            of = states[rows] == state
            if state is TrialState.COMPLETE:
                of &= infeasible[rows] == bad
            kept = rows[of]
            if not len(kept):
                continue
            seconds = (stop[kept] - start[kept]) / 1e6
            label = "Infeasible" if bad else state.name.capitalize()
            lines = [
                ("state", [label.lower()] * len(kept)),
                ("took", [_duration(s) for s in seconds.tolist()]),
            ]
            traces.append(
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": label,
                    "x": np.maximum(seconds, shortest / 1e6) * 1e3,
                    "y": numbers[kept].astype(np.int32),
                    "base": [from_micros(int(micros)) for micros in start[kept]],
                    "width": width,
                    "customdata": numbers[kept].astype(np.int32),
                    "hovertext": hover(history, numbers[kept], lines),
                    "hovertemplate": "%{hovertext}<extra></extra>",
                    "marker": {
                        "color": colors.infeasible if bad else colors.states[state],
                        "line": {"width": 0},
                    },
                }
            )
    layout = {
        "xaxis": {"type": "date", "title": {"text": "Time"}},
        "yaxis": trial_axis(numbers),
        "showlegend": True,
        "barmode": "overlay",
    }
    return make(_TITLE, theme, traces, layout, [*thinning_note(len(rows), len(numbers)), *notes])


def _stops(history: History, numbers: Indices) -> Indices:
    """Shape (k,): microseconds since the epoch at which the bars end; not before they begin."""
    start, finished = history.started[numbers], history.finished_at[numbers]
    done = finished > 0
    now = int(time.time() * 1e6)
    if done.any() and not done.all():
        longest = int((finished[done] - start[done]).max())
        if np.all(now - start[~done] > _STALE * longest):
            now = int(finished[done].max())
    return np.maximum(np.where(done, finished, now), start)


def _duration(seconds: float) -> str:
    if seconds < 120.0:
        return f"{short(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
