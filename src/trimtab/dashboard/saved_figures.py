"""Figures that users made themselves and keep with a study, for people to see in its pages."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from trimtab.artifacts.figures import (
    MAX_FIGURE,
    MAX_FIGURES,
    PREFIX,
    figure_ids,
    figure_to_text,
    is_figure_id,
)
from trimtab.artifacts.owner import SystemAttributes, read_attributes
from trimtab.errors import InvalidArgument, InvalidType

if TYPE_CHECKING:
    from trimtab.study import Study


def save_plotly_graph_object(
    study: Study, figure: Any, *, graph_object_id: str | None = None
) -> str:
    """Keep a Plotly figure with a study; its Analytics page shows it.

    The page draws it in its own light or dark template and leaves out what would reach another
    host or run text as a program, as `trimtab.dashboard.harmless` says.

    Args:
        study: Whose.
        figure: A ``plotly.graph_objects.Figure``; at most a million characters as JSON, without
            its template.
        graph_object_id: What it is called; a figure of that name is replaced. A letter, then at
            most 63 letters, digits and ``_ . : -``. None: a new name.

    Returns:
        The name.

    Raises:
        InvalidArgument: If the name cannot be one, the figure is too large or the study has 30
            others (a ValueError).
        InvalidType: If it is no figure (a TypeError).
    """
    if graph_object_id is not None and not is_figure_id(graph_object_id):
        expected = "a letter, then at most 63 letters, digits and _ . : -"
        raise InvalidArgument("graph_object_id", expected, graph_object_id)
    if not hasattr(figure, "to_json") or not hasattr(figure, "layout"):
        raise InvalidType("figure", "a plotly.graph_objects.Figure", figure)
    text = figure_to_text(json.loads(figure.to_json()))
    name = graph_object_id or str(uuid.uuid4())
    others = set(figure_ids(read_attributes(study))) - {name}
    if len(others) >= MAX_FIGURES:
        raise InvalidArgument(
            "figure", f"at most {MAX_FIGURES} figures of a study", len(others) + 1
        )
    SystemAttributes.of(study).write({PREFIX + name: text})
    return name


def read_figure(system_attrs: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A figure as it was kept: data, not trusted.

    Raises:
        InvalidArgument: If there is none, or it cannot be read.
    """
    text = system_attrs.get(PREFIX + name)
    if text is None:
        raise InvalidArgument("figure", f"one of {figure_ids(system_attrs)}", name)
    content: object = None
    if isinstance(text, str) and len(text) <= MAX_FIGURE:
        # What is no JSON, or too deep for it, is no figure either.
        with contextlib.suppress(ValueError, RecursionError):
            content = json.loads(text)
    if not isinstance(content, dict):
        raise InvalidArgument("figure", "a figure that can be read", name)
    return cast("dict[str, Any]", content)
