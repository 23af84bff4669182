"""How a study shows itself in a notebook: a table, and its history as a figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trimtab.records import FrozenTrial, TrialState
from trimtab.records.html import facts, table, titled
from trimtab.study.best import pareto_numbers

if TYPE_CHECKING:
    from trimtab.study.study import Study

_LAST: Final = 5
_FRONT: Final = 5
_PARAMS: Final = 6
"""Parameters that have a column of their own."""
_PLOTLY: Final = "application/vnd.plotly.v1+json"


def study_html(study: Study) -> str:
    """The study's best trial, counts and last trials; its size does not depend on the study's."""
    with study.storage.lock:
        history = study.history
        numbers = history.usable(*TrialState)
        states = history.states[numbers]
        last = [history.trial(int(number)) for number in numbers[-_LAST:]]
        best = [history.trial(int(number)) for number in pareto_numbers(history)[:_FRONT]]
    counts = [(state, int(np.count_nonzero(states == state))) for state in TrialState]
    summary = ", ".join(f"{count:,} {state.name.lower()}" for state, count in counts if count)
    names = study.metric_names or _objectives(len(study.directions))
    wanted = ", ".join(
        f"{direction.name.lower()} {name}"
        for direction, name in zip(study.directions, names, strict=True)
    )
    rows = [("wanted", wanted), ("trials", summary or "none yet")]
    parts = [facts(rows)]
    if len(names) == 1 and best:
        parts += [titled("Best trial", _trials(best[:1], names))]
    elif best:
        parts += [titled("Best trials", _trials(best, names))]
    if last:
        parts += [titled("Last trials", _trials(last, names))]
    return titled(f"Study {study.study_name}", *parts)


def show_study(study: Study) -> None:
    """Show the table and, where Plotly is installed, the history (or the front) in a notebook.

    Two outputs, as a notebook shows only the richest form of one. Plotly's own settings decide how
    the figure is shown: ``plotly.io.renderers.default`` and, light or dark, the default template.
    """
    import IPython.display

    display: Any = IPython.display.display
    display({"text/plain": repr(study), "text/html": study_html(study)}, raw=True)
    bundle = _figure_bundle(study)
    if bundle:
        display(bundle, raw=True)


def _figure_bundle(study: Study) -> dict[str, Any]:
    """The figure as a notebook draws it; empty where there is nothing to draw, or no notebook."""
    from trimtab.visualization import is_available, plot_optimization_history, plot_pareto_front

    objectives = len(study.directions)
    with study.storage.lock:
        complete = len(study.history.usable(TrialState.COMPLETE))
    if not is_available() or not complete or objectives > 3:
        return {}
    import plotly.io

    dark = "dark" in str(plotly.io.templates.default)
    plot: Any = plot_optimization_history if objectives == 1 else plot_pareto_front
    with study.storage.lock:
        figure = plot(study, theme="dark" if dark else "light")
    bundle: dict[str, Any] = figure._repr_mimebundle_(None, None)
    return bundle if _PLOTLY in bundle or "text/html" in bundle else {}


def _objectives(count: int) -> list[str]:
    return ["value"] if count == 1 else [f"value {j}" for j in range(count)]


def _trials(trials: list[FrozenTrial], names: list[str]) -> str:
    params = list(dict.fromkeys(name for trial in trials for name in trial.params))
    shown = params[:_PARAMS]
    heads = ["trial", "state", *names, *shown, *(["…"] if len(params) > len(shown) else [])]

    def cells(trial: FrozenTrial) -> Iterator[Any]:
        yield trial.number
        yield trial.state.name.lower()
        yield from trial.values or [None] * len(names)
        values = trial.params
        for name in shown:
            yield values.get(name)
        if len(params) > len(shown):
            yield f"{len(params) - len(shown)} more"

    return table(heads, (list(cells(trial)) for trial in trials))
