"""Plotly figures that are kept with a study: what one may be called, and how it is stored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trimtab.errors import InvalidArgument

PREFIX: Final = "dashboard:figure:"
"""What the names of the study's system attributes begin with that hold figures."""
MAX_FIGURE: Final = 1_000_000
"""Characters of one figure's JSON."""
MAX_FIGURES: Final = 30
"""Figures of one study."""

_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}|[0-9a-f-]{36}")


def is_figure_id(name: object) -> bool:
    """Whether a figure may be called so."""
    return isinstance(name, str) and _ID.fullmatch(name) is not None


def figure_ids(system_attrs: Iterable[str]) -> list[str]:
    """The names of the figures among a study's system attributes, sorted."""
    names = (key.removeprefix(PREFIX) for key in system_attrs if key.startswith(PREFIX))
    return sorted(name for name in names if is_figure_id(name))


def figure_to_text(content: Mapping[str, Any]) -> str:
    """What is stored of a figure, without its template.

    Args:
        content: The figure as JSON has it.

    Raises:
        InvalidArgument: If it is longer than a million characters (a ValueError).
    """
    kept = dict(content)
    # Seven kilobytes that say what the page says better.
    if isinstance(layout := kept.get("layout"), Mapping):
        kept["layout"] = {key: value for key, value in layout.items() if key != "template"}
    text = json.dumps(kept, separators=(",", ":"))
    if len(text) > MAX_FIGURE:
        raise InvalidArgument("figure", f"at most {MAX_FIGURE:,} characters of JSON", len(text))
    return text
