"""Figures that users kept, made fit for a page: data that plotly.js may draw, and nothing else.

plotly.js reads a little HTML in every text (links among it), fetches pictures, maps and outlines of
countries from addresses in the figure, and makes some kinds of traces by compiling text. The pages'
policy forbids most of it; here it is taken out, so that nothing is even tried:

- traces: only kinds that are drawn with SVG or plain WebGL. Those that are compiled are drawn by
  their SVG counterpart where there is one, otherwise left out; so are all maps;
- pictures: only those that are in the figure itself;
- buttons, sliders and frames: left out, as they could put all of this back;
- text: a few tags without attributes, ``<b>`` and the like; every other ``<`` is shown as it is.
"""

from __future__ import annotations

import re
from typing import Any, Final

from trimtab.errors import InvalidArgument
from trimtab.visualization.theme import ThemeName, get_theme

_DRAWN: Final = frozenset(
    "bar barpolar box candlestick carpet cone contour contourcarpet funnel funnelarea heatmap "
    "histogram histogram2d histogram2dcontour icicle image indicator isosurface mesh3d ohlc "
    "parcats pie sankey scatter scatter3d scattercarpet scatterpolar scattersmith scatterternary "
    "streamtube sunburst surface table treemap violin volume waterfall".split()
)
_INSTEAD: Final = {"scattergl": "scatter", "scatterpolargl": "scatterpolar", "heatmapgl": "heatmap"}
_LEFT_OUT: Final = frozenset(("updatemenus", "sliders", "template", "geo", "map", "mapbox"))
_MAP: Final = re.compile(r"(?:geo|map|mapbox)\d*")
_PICTURE: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_STRAY: Final = re.compile(r"<(?!/?(?:b|i|em|u|s|sub|sup|br|extra)>)", re.IGNORECASE)
_MAX_TRACES: Final = 500
_MAX_DEPTH: Final = 20


def harmless(figure: dict[str, Any], theme: ThemeName) -> dict[str, Any]:
    """A figure for a page, in the template of its theme; what was left out is its subtitle.

    Args:
        figure: What JSON holds, as `trimtab.dashboard.saved_figures` keeps it.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        InvalidArgument: If it is no figure.
    """
    data, layout = figure.get("data", []), figure.get("layout", {})
    if not isinstance(data, list) or not isinstance(layout, dict):
        raise InvalidArgument("figure", "an object with data and layout", type(data).__name__)
    left_out: list[str] = []
    traces = [kept for trace in data[:_MAX_TRACES] if (kept := _trace(trace, left_out))]
    if len(data) > _MAX_TRACES:
        left_out.append(f"{len(data) - _MAX_TRACES} traces")
    if figure.get("frames"):
        left_out.append("frames")
    clean = _layout(layout, left_out)
    clean["template"] = get_theme(theme).template()
    if left_out:
        title = clean.get("title")
        heading = title if isinstance(title, dict) else {"text": title or ""}
        words = ", ".join(dict.fromkeys(left_out))
        clean["title"] = {**heading, "subtitle": {"text": f"left out: {words}"}}
    return {"data": traces, "layout": clean}


def _trace(trace: Any, left_out: list[str]) -> dict[str, Any] | None:
    if not isinstance(trace, dict):
        left_out.append("what is no trace")
        return None
    kind = trace.get("type", "scatter")
    kind = _INSTEAD.get(kind, kind) if isinstance(kind, str) else ""
    if kind not in _DRAWN:
        left_out.append(f"a trace of kind {_text(str(kind)[:30])}")
        return None
    clean = _value(trace, left_out, 0)
    if kind == "image" and "source" in clean and not _is_picture(clean["source"]):
        left_out.append("a picture of another address")
        return None
    return {**clean, "type": kind}


def _layout(layout: dict[str, Any], left_out: list[str]) -> dict[str, Any]:
    clean = {}
    for key, value in layout.items():
        if key in _LEFT_OUT or _MAP.fullmatch(key):
            if key != "template" and value:
                left_out.append(key)
        elif key == "images":
            clean[key] = _pictures(value, left_out)
        else:
            clean[key] = _value(value, left_out, 0)
    return clean


def _pictures(images: Any, left_out: list[str]) -> list[Any]:
    listed = images if isinstance(images, list) else []
    kept = [each for each in listed if isinstance(each, dict) and _is_picture(each.get("source"))]
    if len(kept) < len(listed):
        left_out.append("a picture of another address")
    return [_value(each, left_out, 0) for each in kept]


def _is_picture(source: object) -> bool:
    return isinstance(source, str) and _PICTURE.fullmatch(source) is not None


def _value(value: Any, left_out: list[str], depth: int) -> Any:
    """A value with the text in it made plain."""
    if depth > _MAX_DEPTH:
        left_out.append("what is nested too deeply")
        return None
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_value(item, left_out, depth + 1) for item in value]
    if isinstance(value, dict):
        # A key with a dot or a bracket is a path, by which Plotly sets anything.
        return {
            key: _value(item, left_out, depth + 1)
            for key, item in value.items()
            if key.isidentifier()
        }
    return value


def _text(text: str) -> str:
    return _STRAY.sub("&lt;", text)
