"""A population over time: how good each member was, and who went on from whom."""

from __future__ import annotations

from typing import Any

import numpy as np

from trimtab.records import VALUE, StudyDirection
from trimtab.records.lineage import Descent
from trimtab.space import Floats
from trimtab.visualization.data import StudyLike
from trimtab.visualization.descents import HINT, NONE_YET, Members, members_of, told
from trimtab.visualization.figure import color_axis, empty, make, thinning_note
from trimtab.visualization.plotting import graph_objects
from trimtab.visualization.text import plain
from trimtab.visualization.theme import Theme, ThemeName, colorbar, get_theme
from trimtab.visualization.thinning import check_limit, ends, thin

_TITLE = "Population"
_MAX_LINES = 64
_MAX_CELLS = 25_000
_MAX_COLUMNS = 500
_MAX_LINKS = 2_000
_ROW, _MARGINS, _LEAST_HEIGHT, _MOST_HEIGHT = 26, 130, 280, 1_300  # pixels
_THICK, _THIN = 9, 4  # pixels of a line, where there is room and where there is not
_LEAN = 0.012
"""Of the width: so far an arrow goes sideways, so that those of one step do not lie on another."""
_WORST = 2.0
"""Percent of the values that share the last colour: of a diverged member the others say more."""


def plot_population(
    study: StudyLike,
    *,
    metric: str | None = None,
    log: bool = False,
    theme: ThemeName = "light",
    max_trials: int = _MAX_LINES,
) -> Any:
    """A line for each member of a population, coloured by its value, and an arrow at each exploit.

    Time runs from left to right in steps, which are a trial's own reports. An arrow leads from the
    donor's line to that of the member that went on from it; its end tells when that was and what
    changed.

    Args:
        study: Whose trials: that of a run of population based training.
        metric: Which of the reported metrics is the colour; None: the objective, or where trials
            do not report it what they reported first.
        log: Whether the colours are spread over the logarithms of the values.
        theme: ``"light"`` or ``"dark"``.
        max_trials: How many lines to draw at most, with 25,000 points and 2,000 arrows in all.
            Members that took part in an exploit go first.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        MissingDependency: If Plotly is not installed (an ImportError).
    """
    graph_objects()
    limit = check_limit(max_trials)
    members = members_of(study.history, limit)
    if members is None:
        started = len(study.history) > 0
        return empty(_TITLE, theme, f"{NONE_YET}\n{HINT}" if started else "No trials yet.")
    name = metric if metric is not None else _metric(study, members)
    columns = _columns(members)
    cells = np.array([_line(members, int(trial), name, columns) for trial in members.numbers])
    if not np.isfinite(cells).any():
        return empty(_TITLE, theme, f"No trial reported “{plain(name)}”.")
    label = "Value" if name == VALUE else name
    colors = get_theme(theme)
    downwards = study.directions[0] is StudyDirection.MINIMIZE
    is_log = log and bool((cells[np.isfinite(cells)] > 0.0).all())
    notes = ["linear colours, as not all values are above 0"] if log and not is_log else []
    colored = _colored(cells, downwards, is_log)
    links = [each for found in members.descents.values() for each in found]
    drawn = [links[row] for row in thin(len(links), [ends(len(links))], _MAX_LINKS)]
    if len(drawn) < len(links):
        notes.insert(0, f"showing {len(drawn):,} of {len(links):,} exploits")
    place = {int(trial): row for row, trial in enumerate(members.numbers)}
    n = len(members.numbers)
    height = int(np.clip(_ROW * n + _MARGINS, _LEAST_HEIGHT, _MOST_HEIGHT))
    row = (height - _MARGINS) / n
    traces = [
        _bands(members, cells, colored, columns, label, row),
        *_arrows(drawn, place, float(columns[-1]) * _LEAN, colors),
    ]
    layout = {
        "xaxis": {"title": {"text": "Step"}, "showgrid": False},
        "yaxis": _rows(members),
        "coloraxis": color_axis(
            label,
            colored[np.isfinite(colored)],
            colors.colorscale(reverse=downwards),
            is_log,
            colorbar(label),
        ),
        "height": height,
        "showlegend": False,
    }
    shown = thinning_note(len(members.numbers), members.total)
    return make(_TITLE, theme, traces, layout, [*shown, *notes])


def _metric(study: StudyLike, members: Members) -> str:
    """The objective's name where it is reported, or that of what is reported first."""
    names = [study.metric_names[0]] if study.metric_names else []
    for trial in members.numbers:
        reports = members.history.reports(int(trial))
        for report in reports.values():
            known = [name for name in (*names, VALUE) if name in report.metrics]
            return known[0] if known else next(iter(report.metrics), VALUE)
    return VALUE


def _columns(members: Members) -> Floats:
    """Steps at which values are drawn: all, or as many as there is room for."""
    last = max((members.last_step(int(trial)) for trial in members.numbers), default=0)
    room = min(max(_MAX_CELLS // len(members.numbers), 20), _MAX_COLUMNS)
    width = max(-(-last // room), 1)
    return np.arange(width, last + width, width, dtype=np.float64)


def _line(members: Members, trial: int, metric: str, columns: Floats) -> Floats:
    """A member's last value in each column's steps; NaN where it reported none."""
    values = np.full(len(columns), np.nan)
    width = columns[0]
    for step, report in members.history.reports(trial).items():
        value = report.metrics.get(metric)
        if value is not None and step > 0:
            values[int((step - 1) // width)] = value
    return values


def _colored(cells: Floats, downwards: bool, is_log: bool) -> Floats:
    """Values as they are coloured, the worst of them as if they were a little better."""
    values = np.where(np.isfinite(cells), cells, np.nan)
    if is_log:
        values = np.log10(values)
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, [0.0, 100 - _WORST] if downwards else [_WORST, 100.0])
    return np.clip(values, low, high)


def _bands(
    members: Members, cells: Floats, colored: Floats, columns: Floats, label: str, row: float
) -> dict[str, Any]:
    width = float(columns[0])
    trials = np.repeat(members.numbers.astype(np.int32)[:, None], len(columns), axis=1)
    return {
        "type": "heatmap",
        "x": columns - (width - 1) / 2,
        "y": np.arange(len(members.numbers)),
        "z": colored,
        "customdata": np.dstack([trials, cells, np.broadcast_to(columns, cells.shape)]),
        "coloraxis": "coloraxis",
        "ygap": row - min(max(row / 2, _THIN), _THICK),
        "meta": plain(label),
        "hoverongaps": False,
        "hovertemplate": (
            "<b>Trial %{customdata[0]}</b><br>step %{customdata[2]:d}<br>"
            "%{meta}: %{customdata[1]:.6~g}<extra></extra>"
        ),
    }


def _arrows(
    drawn: list[Descent], place: dict[int, int], lean: float, theme: Theme
) -> list[dict[str, Any]]:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for each in drawn:
        if each.donor in place:
            xs += [each.step + 0.5 - lean, each.step + 0.5, None]
            ys += [place[each.donor], place[each.trial], None]
    crowded = len(drawn) > 200
    width = 0.8 if crowded else 1.3
    # A halo parts them from the lines they cross.
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": xs,
            "y": ys,
            "line": {"color": color, "width": thickness},
            "hoverinfo": "skip",
        }
        for color, thickness in ((theme.paper, 3 * width), (theme.text, width))
    ]
    upward = [place.get(each.donor, place[each.trial] - 1) < place[each.trial] for each in drawn]
    heads = {
        "type": "scatter",
        "mode": "markers",
        "x": [each.step + 0.5 for each in drawn],
        "y": [place[each.trial] for each in drawn],
        "marker": {
            # Rows go downwards.
            "symbol": ["triangle-down" if up else "triangle-up" for up in upward],
            "size": 7 if crowded else 10,
            "color": theme.text,
            "line": {"width": 1, "color": theme.outline},
        },
        "hovertext": [told(each) for each in drawn],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    return [*lines, heads]


def _rows(members: Members) -> dict[str, Any]:
    """An axis with a row for each member, the first at the top."""
    n = len(members.numbers)
    every = max(-(-n // 40), 1)
    return {
        "title": {"text": "Trial"},
        "tickvals": list(range(0, n, every)),
        "ticktext": [str(trial) for trial in members.numbers[::every]],
        "range": [n - 0.5, -0.5],
        "showgrid": False,
    }
