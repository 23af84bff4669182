"""The figures of a study, by the names and options that addresses have."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeAlias

import trimtab.visualization as vis
from trimtab.dashboard.context import StudyView
from trimtab.errors import InvalidArgument
from trimtab.query import Fields, select

Read: TypeAlias = Callable[[str, str], Any]
"""From an option's name and text to its value."""


def _flag(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise InvalidArgument(name, "0 or 1", text)
    return text == "1"


def _objective(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise InvalidArgument(name, "the index of an objective", text)
    return int(text)


def _name(name: str, text: str) -> str:
    if not text or len(text) > 255:
        raise InvalidArgument(name, "a name of 1 to 255 characters", text)
    return text


def _point(name: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.replace(";", ",").split(",")]
    except ValueError:
        raise InvalidArgument(name, "numbers with commas between them", text) from None


def _columns(name: str, text: str) -> int:
    if text not in ("1", "2", "3", "4"):
        raise InvalidArgument(name, "1 to 4", text)
    return int(text)


def _one_of(*words: str) -> Read:
    def read(name: str, text: str) -> str:
        if text not in words:
            raise InvalidArgument(name, f"one of {', '.join(words)}", text)
        return text

    return read


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of figure.

    Attributes:
        draw: A function of `trimtab.visualization`.
        title: What it is called in a menu.
        options: How to read each option; one whose name ends in ``s`` and is in ``lists`` may
            stand several times.
        lists: Names of the options that are lists (``param`` is passed as ``params``).
        selects: Whether a filter, ``where``, says which trials stand out.
    """

    draw: Callable[..., Any]
    title: str
    options: Mapping[str, Read] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    selects: bool = False


_SHOWN: Final = 2_000
"""Trials drawn of a study at most: more than a page's width has room for."""
_BARS: Final = 500
"""The same of a timeline, which is not as high as it is wide."""
_LOG: Final[Mapping[str, Read]] = {"log": _flag}
_TARGET: Final[Mapping[str, Read]] = {"target": _objective}
_PARAMS: Final = {"param": "params"}

FIGURES: Final[Mapping[str, Kind]] = {
    "history": Kind(
        partial(vis.plot_optimization_history, max_trials=_SHOWN),
        "History",
        {
            **_LOG,
            **_TARGET,
            "include_pruned": _flag,
            "error_bar": _flag,
            "x": _one_of("number", "time", "elapsed"),
        },
    ),
    "pareto": Kind(vis.plot_pareto_front, "Pareto front", _LOG),
    "importances": Kind(vis.plot_param_importances, "Importances", _TARGET),
    "timeline": Kind(partial(vis.plot_timeline, max_trials=_BARS), "Timeline"),
    "intermediate": Kind(vis.plot_intermediate_values, "Intermediate values", _LOG),
    "parallel": Kind(
        vis.plot_parallel_coordinate,
        "Parallel coordinates",
        {**_LOG, **_TARGET},
        _PARAMS,
        selects=True,
    ),
    "slice": Kind(vis.plot_slice, "Slice", {**_LOG, **_TARGET, "columns": _columns}, _PARAMS),
    "contour": Kind(vis.plot_contour, "Contour", {**_LOG, **_TARGET}, _PARAMS),
    "model": Kind(vis.plot_model_slice, "Model", {**_TARGET, "columns": _columns}, _PARAMS),
    "model-contour": Kind(vis.plot_model_contour, "Model, contour", _TARGET, _PARAMS),
    "model-trace": Kind(vis.plot_model_trace, "Model, best so far", _TARGET),
    "model-sensitivity": Kind(vis.plot_model_sensitivity, "Model, sensitivity", _TARGET),
    "model-front": Kind(vis.plot_model_front, "Model, Pareto front"),
    "leave-one-out": Kind(vis.plot_leave_one_out, "Leave-one-out", _TARGET),
    "rank": Kind(vis.plot_rank, "Rank", _TARGET, _PARAMS),
    "population": Kind(vis.plot_population, "Population", {**_LOG, "metric": _name}),
    "paths": Kind(vis.plot_parameter_paths, "Parameter paths", lists=_PARAMS),
    "preferences": Kind(vis.plot_preference_graph, "Preferences"),
    "utilities": Kind(partial(vis.plot_utilities, max_trials=_SHOWN), "Utilities"),
    "edf": Kind(vis.plot_edf, "EDF", _TARGET),
    "hypervolume": Kind(
        vis.plot_hypervolume_history, "Hypervolume", {**_LOG, "reference_point": _point}
    ),
}


def draw(study: StudyView, name: str, options: Sequence[tuple[str, str]]) -> Any:
    """A figure, as Plotly has it.

    Args:
        study: Whose.
        name: A key of `FIGURES`.
        options: Pairs of a query string: those of the figure's kind and ``theme``.

    Raises:
        InvalidArgument: If an option is unknown or its value impossible.
        InvalidFilter: If the filter of a figure that takes one cannot be read.
    """
    kind = FIGURES[name]
    arguments: dict[str, Any] = {}
    where = ""
    for key, text in options:
        if key == "theme":
            arguments["theme"] = _one_of("light", "dark")(key, text)
        elif key == "where" and kind.selects:
            where = text
        elif key in kind.lists:
            arguments.setdefault(kind.lists[key], []).append(text)
        elif key in kind.options:
            arguments[key] = kind.options[key](key, text)
        else:
            known = ["theme", *kind.options, *kind.lists]
            raise InvalidArgument("option", f"one of {', '.join(known)}", key)
    with study.storage.lock:
        if where.strip():
            arguments["selected"] = _numbers(study, where)
        return kind.draw(study, **arguments)


def figure_json(study: StudyView, name: str, options: Sequence[tuple[str, str]]) -> str:
    """A figure as plotly.js reads it; the arguments and errors are those of `draw`."""
    from plotly.utils import PlotlyJSONEncoder

    # Plotly's own `to_json` writes every < as \u003c, for scripts in pages: half as much again.
    return json.dumps(draw(study, name, options).to_dict(), cls=PlotlyJSONEncoder)


def figure_page(study: StudyView, name: str, options: Sequence[tuple[str, str]]) -> str:
    """A figure as a page of its own; the arguments and errors are those of `draw`."""
    return page_of(draw(study, name, options).to_dict())


def page_of(figure: dict[str, Any]) -> str:
    """A figure as a file that opens in any browser, without this server or any other."""
    import plotly.io

    page = plotly.io.to_html(
        figure, include_plotlyjs=True, config={"displaylogo": False}, validate=False
    )
    return str(page)


def _numbers(study: StudyView, where: str) -> list[int]:
    """The trials that a filter lets through."""
    chosen = select(Fields(study.history, study.record), where=where)
    return [int(number) for number in chosen.numbers]
