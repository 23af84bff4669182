"""Colours and type of the figures, light and dark.

The categorical colours are those of Okabe and Ito (2008, "Color Universal Design"), which people
with any kind of colour vision tell apart; on the dark ground they are lightened. The sequential
colours are Viridis (Smith and van der Walt, 2015), cut where it would melt into the ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from trimtab.errors import InvalidArgument
from trimtab.records import TrialState

ThemeName: TypeAlias = Literal["light", "dark"]

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

_VIRIDIS = (
    "#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c",
    "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Theme:
    """What a figure is painted with.

    Attributes:
        paper: The ground.
        text: Titles and labels.
        muted: Notes and tick labels.
        grid: Grid lines and rules.
        accent: What is best.
        infeasible: Trials that violate a constraint.
        outline: Around markers that lie on others.
        palette: Colours for studies or objectives, in turn.
        sequential: From faint to strong against the ground.
        states: By trial state.
    """

    paper: str
    text: str
    muted: str
    grid: str
    accent: str
    infeasible: str
    outline: str
    palette: tuple[str, ...]
    sequential: tuple[str, ...]
    states: dict[TrialState, str]

    def colorscale(self, *, reverse: bool = False) -> list[list[Any]]:
        """``sequential`` as Plotly's list of (position, colour)."""
        colors = self.sequential[::-1] if reverse else self.sequential
        return [[i / (len(colors) - 1), color] for i, color in enumerate(colors)]

    def color(self, index: int) -> str:
        """The ``index``-th colour of the palette, over again when it ends."""
        return self.palette[index % len(self.palette)]

    def template(self) -> dict[str, Any]:
        """A Plotly template."""
        axis = {
            "gridcolor": self.grid,
            "linecolor": self.grid,
            "zeroline": False,
            "automargin": True,
            "ticks": "",
            "tickfont": {"color": self.muted, "size": 11},
            "title": {"standoff": 8, "font": {"size": 12, "color": self.text}},
            "exponentformat": "power",
        }
        return {
            "layout": {
                "font": {"family": FONT, "size": 12, "color": self.text},
                "title": {
                    "x": 0.0,
                    "xref": "container",
                    "xanchor": "left",
                    "y": 1.0,
                    "yref": "container",
                    "yanchor": "top",
                    "pad": {"l": 12, "t": 12, "r": 12},
                    "font": {"size": 15, "color": self.text},
                    "subtitle": {"font": {"size": 11, "color": self.muted}},
                },
                "paper_bgcolor": self.paper,
                "plot_bgcolor": self.paper,
                "colorway": list(self.palette),
                "colorscale": {"sequential": self.colorscale()},
                "coloraxis": {"colorbar": colorbar()},
                "xaxis": axis,
                "yaxis": axis,
                "scene": {
                    f"{name}axis": {
                        "backgroundcolor": self.paper,
                        # Lines in space are thin and slanted: the grid's colour would be lost.
                        "gridcolor": self.infeasible,
                        "linecolor": self.infeasible,
                        "zerolinecolor": self.infeasible,
                        "tickfont": {"color": self.muted, "size": 11},
                    }
                    for name in "xyz"
                },
                "legend": {
                    "orientation": "h",
                    "xref": "container",
                    "x": 0.5,
                    "xanchor": "center",
                    "yref": "container",
                    "y": 0.0,
                    "yanchor": "bottom",
                    "font": {"size": 11},
                    "itemsizing": "constant",
                },
                "margin": {"l": 12, "r": 12, "t": 48, "b": 12, "pad": 0},
                "hovermode": "closest",
                "hoverlabel": {
                    "align": "left",
                    "bgcolor": self.paper,
                    "bordercolor": self.grid,
                    "font": {"family": FONT, "size": 12, "color": self.text},
                },
                "modebar": {
                    "bgcolor": "rgba(0,0,0,0)",
                    "color": self.muted,
                    "activecolor": self.text,
                },
            },
        }


def faint(color: str) -> str:
    """A colour, as ``#rrggbb``, that lets what is behind it through."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


SHORT_BAR: dict[str, Any] = {"lenmode": "pixels", "len": 320}
"""The length of a colour bar beside several rows of panels."""


def colorbar(title: str = "", **more: Any) -> dict[str, Any]:
    """A slim colour bar at the upper right, its title along its side."""
    return {
        "thickness": 10,
        "len": 1.0,
        "y": 1.0,
        "yanchor": "top",
        "ypad": 0,
        "outlinewidth": 0,
        "xpad": 6,
        "title": {"text": title, "side": "right", "font": {"size": 11}},
        "tickfont": {"size": 10},
        "exponentformat": "power",
        **more,
    }


_LIGHT = Theme(
    paper="#ffffff",
    text="#24292f",
    muted="#636c76",
    grid="#e4e7eb",
    accent="#d55e00",
    infeasible="#8b939b",
    outline="#ffffff",
    palette=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d5561"),
    sequential=_VIRIDIS[9::-1],
    states={
        TrialState.COMPLETE: "#0072b2",
        TrialState.PRUNED: "#e69f00",
        TrialState.FAIL: "#d55e00",
        TrialState.RUNNING: "#009e73",
        TrialState.PAUSED: "#cc79a7",
        TrialState.WAITING: "#8a929b",
    },
)

_DARK = Theme(
    paper="#14181d",
    text="#e6e9ed",
    muted="#9aa4af",
    grid="#2c333b",
    accent="#ff9d5c",
    infeasible="#6c7681",
    outline="#14181d",
    palette=("#56b4e9", "#ff9d5c", "#35c79d", "#e79ac6", "#f2c14e", "#9db8ff", "#b6bec7"),
    sequential=_VIRIDIS[2:],
    states={
        TrialState.COMPLETE: "#56b4e9",
        TrialState.PRUNED: "#f2c14e",
        TrialState.FAIL: "#ff8a5c",
        TrialState.RUNNING: "#35c79d",
        TrialState.PAUSED: "#e79ac6",
        TrialState.WAITING: "#808a95",
    },
)

_THEMES = {"light": _LIGHT, "dark": _DARK}


def get_theme(theme: ThemeName) -> Theme:
    """The theme of that name.

    Raises:
        InvalidArgument: If there is none.
    """
    if theme not in _THEMES:
        raise InvalidArgument("theme", f"one of {sorted(_THEMES)}", theme)
    return _THEMES[theme]
