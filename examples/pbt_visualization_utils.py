"""Pictures of the toy problem in `pbt.py`: where its members go, and how good they become.

They need of each result only ``metrics_dataframe``, with the columns ``training_iteration``,
``theta0``, ``theta1`` and ``Q``; where labels are to be made of it, ``h0`` and ``h1``, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]

LOW, HIGH = -0.2, 1.0
"""The part of the plane that is drawn, along both axes."""
LEVELS = 20
LEGIBLE = 0.035
"""How far apart points must be for both to be numbered."""
LARGEST, SMALLEST = 120.0, 12.0
"""Areas of a path's first and last points, in square points."""


def get_init_theta() -> Floats:
    """Where every member begins: shape (2,)."""
    return np.array([0.9, 0.9])


def Q_batch(theta: Floats) -> Floats:  # noqa: N802 - the name of the paper
    """The true value at many points at once.

    Args:
        theta: Shape (..., 2).

    Returns:
        Shape (...): 1.2 at the origin and less everywhere else.
    """
    values: Floats = 1.2 - (0.75 * theta[..., 0] ** 2 + theta[..., 1] ** 2)
    return values


def get_arrows(theta_history: Floats, perturbation_interval: int) -> tuple[Floats, Floats]:
    """The steps by which a path leaves the points at which members are compared.

    Args:
        theta_history: Shape (n, 2): where a member was after its 1st, 2nd, ... iteration.
        perturbation_interval: Iterations between two comparisons.

    Returns:
        Where the steps begin and how far they go, both of shape (k, 2). A long one is a jump to
        where another member was.
    """
    history = np.asarray(theta_history, dtype=np.float64)
    at = np.arange(perturbation_interval - 1, len(history) - 1, perturbation_interval)
    return history[at], history[at + 1] - history[at]


def plot_parameter_history(
    results: Iterable[Any],
    colors: Sequence[str],
    labels: Sequence[str] | None = None,
    perturbation_interval: int | None = None,
    fig: Figure | None = None,
    ax: Axes | None = None,
    plot_until_iter: int | None = None,
    include_colorbar: bool = True,
) -> list[PathCollection]:
    """The way of each member through the plane, over the true value that it does not see.

    Points shrink as time goes by.

    Args:
        results: One for each member.
        colors: One for each member.
        labels: One for each member; None: ``h = [h0, h1]`` as each reported it first.
        perturbation_interval: Iterations between two comparisons: the points at which these are
            get their number, and an arrow to where the member went from there. None: neither.
        fig: What the colour bar is put in; None: the axes' own.
        ax: What is drawn in; None: a new figure.
        plot_until_iter: The last iteration that is drawn; None: all.
        include_colorbar: Whether the colours of the ground are explained.

    Returns:
        The points of each member.
    """
    if ax is None:
        fig, ax = plt.subplots(figsize=(8, 7))
    _draw_ground(fig or ax.figure, ax, include_colorbar)
    scatters = []
    tables = [result.metrics_dataframe for result in results]
    for table, color, label in zip(tables, colors, labels or _labels(tables), strict=True):
        shown = slice(None, plot_until_iter)
        iterations = table["training_iteration"].to_numpy()[shown]
        path = table[["theta0", "theta1"]].to_numpy(dtype=np.float64)[shown]
        scatters.append(
            ax.scatter(
                path[:, 0],
                path[:, 1],
                s=_sizes(len(table))[shown],
                color=color,
                alpha=0.5,
                label=label,
                zorder=3,
            )
        )
        if perturbation_interval is None or not len(path):
            continue
        numbered = np.full(2, np.inf)
        for iteration, point in zip(iterations, path, strict=True):
            is_near = np.hypot(*(point - numbered)) < LEGIBLE
            if iteration % perturbation_interval or is_near:
                continue
            numbered = point
            ax.annotate(
                str(iteration), point, xytext=(5, 5), textcoords="offset points", fontsize=8,
                color=color, annotation_clip=True,
            )  # fmt: skip
        starts, deltas = get_arrows(path, perturbation_interval)
        ax.quiver(
            *starts.T, *deltas.T, color=color, alpha=0.45, angles="xy", scale_units="xy",
            scale=1.0, width=0.004, zorder=2,
        )  # fmt: skip
    ax.legend(loc="lower right")
    return scatters


def plot_Q_history(  # noqa: N802 - the name of the paper
    results: Iterable[Any],
    colors: Sequence[str],
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> None:
    """The true value of each member, iteration by iteration.

    Args:
        results: One for each member.
        colors: One for each member.
        labels: One for each member; None: ``h = [h0, h1]`` as each reported it first.
        ax: What is drawn in; None: a new figure.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 6))
    tables = [result.metrics_dataframe for result in results]
    for table, color, label in zip(tables, colors, labels or _labels(tables), strict=True):
        ax.plot(table["training_iteration"], table["Q"], color=color, label=label)
    ax.axhline(1.2, color="gray", linewidth=1, linestyle=":", label="best there is")
    ax.set(title="True value", xlabel="training iteration", ylabel="Q")
    ax.grid(alpha=0.3)
    ax.legend(loc="lower right")


def make_animation(
    results: Iterable[Any],
    colors: Sequence[str],
    labels: Sequence[str] | None = None,
    perturbation_interval: int | None = None,
    filename: str = "pbt.gif",
    fps: int = 5,
) -> None:
    """The ways of the members as a film, one picture an iteration, written as a GIF.

    Args:
        results: One for each member.
        colors: One for each member.
        labels: One for each member; None: ``h = [h0, h1]`` as each reported it first.
        perturbation_interval: Iterations between two comparisons, after which a member may jump:
            the step that follows one is an arrow while the path is still short of the next. None:
            there are no arrows.
        filename: Where to.
        fps: Pictures a second.
    """
    tables = [result.metrics_dataframe for result in results]
    paths = [table[["theta0", "theta1"]].to_numpy(dtype=np.float64) for table in tables]
    n = max(map(len, paths))
    fig = plt.figure(figsize=(8, 8), dpi=72)
    try:
        ax = fig.subplots()
        _draw_ground(fig, ax, include_colorbar=False)
        moving: list[Any] = [ax.set_title("Iteration 0")]
        scatters, arrows = [], []
        for path, color, label in zip(paths, colors, labels or _labels(tables), strict=True):
            points = ax.scatter(
                path[:, 0],
                path[:, 1],
                s=_sizes(len(path)),
                color=color,
                alpha=0.5,
                label=label,
                zorder=3,
            )
            arrow = ax.quiver(
                [0.0], [0.0], [0.0], [0.0], color=color, angles="xy", scale_units="xy", scale=1.0,
                width=0.005, zorder=4,
            )  # fmt: skip
            scatters.append(points)
            arrows.append(arrow)
        moving += [*scatters, *arrows]
        ax.legend(loc="lower right")
        # The ground takes longest to draw, and is the same in every picture.
        for artist in moving:
            artist.set_animated(True)
        canvas: Any = fig.canvas
        canvas.draw()
        ground = canvas.copy_from_bbox(fig.bbox)
        frames: list[Image.Image] = []
        for last in range(1, n + 1):
            canvas.restore_region(ground)
            moving[0].set_text(f"Iteration {last}")
            for path, points, arrow in zip(paths, scatters, arrows, strict=True):
                points.set_offsets(path[:last])
                _point_at_jump(arrow, path, last, perturbation_interval)
            for artist in moving:
                fig.draw_artist(artist)
            frames.append(_picture(canvas, frames))
        frames[0].save(
            Path(filename), save_all=True, append_images=frames[1:],
            duration=round(1000 / fps), loop=0,
        )  # fmt: skip
    finally:
        plt.close(fig)


def _draw_ground(fig: Any, ax: Axes, include_colorbar: bool) -> None:
    """The true value all over the plane."""
    along = np.linspace(LOW, HIGH, 120)
    plane = np.stack(np.meshgrid(along, along), axis=-1)
    ground = ax.contourf(along, along, Q_batch(plane), LEVELS, cmap="viridis", alpha=0.75)
    if include_colorbar:
        fig.colorbar(ground, ax=ax, label="Q, the true value")
    ax.set(
        title="Paths of the members", xlabel="theta0", ylabel="theta1",
        xlim=(LOW, HIGH), ylim=(LOW, HIGH),
    )  # fmt: skip


def _sizes(n: int) -> Floats:
    """Areas of the points of a path of n iterations, shrinking."""
    return np.maximum(LARGEST / np.arange(1.0, n + 1.0) ** (1 / 3), SMALLEST)


def _labels(tables: Sequence[Any]) -> list[str]:
    """What members are called: by the parameters of the estimate with which they began."""
    starts = [(table["h0"].iloc[0], table["h1"].iloc[0]) for table in tables]
    return [f"h = [{h0:g}, {h1:g}]" for h0, h1 in starts]


def _point_at_jump(arrow: Any, path: Floats, last: int, interval: int | None) -> None:
    """Turn an arrow to the step that followed the last comparison before an iteration."""
    start, step = np.zeros(2), np.zeros(2)
    if interval is not None and interval < last <= len(path):
        at = (last - 1) // interval * interval
        start, step = path[at - 1], path[at] - path[at - 1]
    arrow.set_offsets(start)
    arrow.set_UVC(*step)


def _picture(canvas: Any, before: Sequence[Image.Image]) -> Image.Image:
    """What a canvas shows, in the 256 colours of the first picture."""
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    if before:
        return picture.quantize(palette=before[0], dither=Image.Dither.NONE)
    return picture.quantize(256, dither=Image.Dither.NONE)
