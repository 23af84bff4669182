"""Pages from templates, with the words that all of them use."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

import trimtab
from trimtab.dashboard.context import StudyView, get_context
from trimtab.dashboard.static import PLOTLY, edition
from trimtab.preferential import is_preferential
from trimtab.query.spelling import json_text
from trimtab.records import TrialState

FOLDER: Final = Path(__file__).parent
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_UNITS: Final = (("d", _DAY), ("h", _HOUR), ("min", _MINUTE))
_JUST_NOW: Final = 3.0
_MANY: Final = 200.0
"""Trials that are more easily told in a shorter time."""

# In a bar of states: what has ended first, then what goes on, then what has not begun.
_BAR_ORDER: Final = (
    TrialState.COMPLETE,
    TrialState.PRUNED,
    TrialState.FAIL,
    TrialState.RUNNING,
    TrialState.PAUSED,
    TrialState.WAITING,
)


@cache
def environment() -> Environment:
    """Templates: everything is escaped, and a name that is not there is an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=number, ago=ago, iso=iso, duration=duration, moment=moment, pace=pace, plain=plain
    )
    made.tests["preferential"] = is_preferential
    made.globals.update(
        version=trimtab.__version__,
        states=list(TrialState),
        bar_order=_BAR_ORDER,
        states_by_name=TrialState.__members__,
        now=lambda: time.time_ns() // 1000,
    )
    return made


def render(request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """A page or a fragment.

    Templates know, besides ``values``: ``href(path)`` for an address of ours (also when the
    dashboard is mounted below a path), ``static(path)`` for a file, ``context``, ``request``,
    ``read_only``.
    """
    root = request.scope.get("root_path", "")
    files = f"{root}/static/{edition()}"
    context = get_context(request)
    text = (
        environment()
        .get_template(template)
        .render(
            request=request,
            context=context,
            read_only=context.settings.read_only,
            href=lambda path: root + path,
            static=lambda path: f"{files}/{path}",
            root=root,
            plotly=f"{files}/{PLOTLY}",
            **values,
        )
    )
    return HTMLResponse(text, status)


def render_study(
    request: Request, template: str, study: StudyView, tab: str, /, **values: Any
) -> HTMLResponse:
    """A page of one study, under its tabs.

    Args:
        request: The request.
        template: Extends ``study.html``.
        study: Whose page.
        tab: The slug of the tab that is open.
        values: For the template.
    """
    from trimtab.dashboard.pages import tabs_of

    return render(request, template, study=study, tab=tab, tabs=tabs_of(study), **values)


def number(value: float | None, digits: int = 6) -> str:
    """A number for people: ``digits`` significant ones, and a dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.{digits}g}"


def duration(seconds: float | None) -> str:
    """A time span in its two largest units."""
    if seconds is None or math.isnan(seconds):
        return "–"
    if seconds < 0.001:
        return "under 1 ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def pace(per_hour: float) -> str:
    """How many trials end, in a unit of time in which it is some."""
    for unit, seconds in (("hour", _HOUR), ("minute", _MINUTE)):
        trials = per_hour * seconds / _HOUR
        if trials < _MANY:
            return f"{number(trials, 3)} trials {'an' if unit == 'hour' else 'a'} {unit}"
    return f"{number(per_hour / _HOUR, 3)} trials a second"


def ago(micros: int | None) -> str:
    """How long ago something was, in its largest unit; js/page.js says it in the same words."""
    if not micros:
        return "never"
    now = datetime.datetime.now(datetime.UTC).timestamp()
    seconds = max(now - micros / 1e6, 0.0)
    if seconds < _JUST_NOW:
        return "just now"
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{int(seconds)} s ago"


def iso(micros: int | None) -> str:
    """A time as ``<time datetime>`` has it."""
    when = datetime.datetime.fromtimestamp((micros or 0) / 1e6, datetime.UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(micros: int | None) -> str:
    """A time in UTC, to the second; scripts show it in the reader's own zone."""
    if not micros:
        return "–"
    when = datetime.datetime.fromtimestamp(micros / 1e6, datetime.UTC)
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")


def plain(value: Any) -> str:
    """A list, an object or anything else that is no number, as one reads it in a cell."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json_text(value)


def merged(values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A dictionary with some entries changed."""
    return {**values, **more}
