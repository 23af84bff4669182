"""Plotly, which is loaded when the first figure is made and not before."""

from __future__ import annotations

import importlib.util
from typing import Any

from trimtab.errors import MissingDependency


def is_available() -> bool:
    """Whether Plotly is installed, so that figures can be made."""
    return importlib.util.find_spec("plotly") is not None


def graph_objects() -> Any:
    """The module ``plotly.graph_objects``.

    Raises:
        MissingDependency: If Plotly is not installed; the message names the command.
    """
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise MissingDependency("plotly", "plot") from error
    return go
