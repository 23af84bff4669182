"""Grid, random and TPE search of one real model: which finds more with the same number of trials?

    python examples/search_comparison.py --trials 48 --seeds 10

A support vector machine for handwritten digits has four settings, of which two matter. A grid
spends most of its trials on differences that make none, random search tries a new value of every
setting in every trial, and TPE looks closer where it went well so far. The plot shows the best
accuracy so far against the number of trials: the median over the seeds, and their middle half.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

import trimtab
from trimtab.samplers import GridSampler, RandomSampler, Sampler, TPESampler

X, y = load_digits(return_X_y=True)
X, y = X[:900], y[:900]

GRID: Mapping[str, list[Any]] = {
    "C": [0.01, 0.32, 10.0, 316.0],
    "gamma": [0.001, 0.022, 0.46, 10.0],
    "n_components": [16, 40],
    "shrinking": [True, False],  # changes how long it takes, not what is found
}


def objective(trial: trimtab.Trial) -> float:
    """Accuracy in three-fold cross-validation."""
    return accuracy(
        trial.suggest_float("C", 1e-2, 1e3, log=True),
        trial.suggest_float("gamma", 1e-3, 10.0, log=True),
        trial.suggest_int("n_components", 8, 48),
        trial.suggest_categorical("shrinking", [True, False]),
    )


@cache  # a grid asks for the same points with every seed
def accuracy(c: float, gamma: float, n_components: int, shrinking: bool) -> float:
    """What the model reaches with these settings."""
    model = make_pipeline(
        PCA(n_components, random_state=0),
        MinMaxScaler(),
        SVC(C=c, gamma=gamma, shrinking=shrinking),
    )
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    return float(cross_val_score(model, X, y, cv=folds).mean())


SEARCHES: dict[str, Callable[[int], Sampler]] = {
    "grid": lambda seed: GridSampler(GRID, seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
    "TPE": lambda seed: TPESampler(seed=seed),
}


def compare(n_trials: int, n_seeds: int) -> dict[str, NDArray[np.float64]]:
    """Best accuracy so far, by search; each of shape (n_seeds, n_trials)."""
    points = len(list(itertools.product(*GRID.values())))
    curves = {}
    for name, make_sampler in SEARCHES.items():
        rows = []
        for seed in range(n_seeds):
            study = trimtab.create_study(direction="maximize", sampler=make_sampler(seed))
            study.optimize(
                objective, n_trials=min(n_trials, points) if name == "grid" else n_trials
            )
            best = np.maximum.accumulate(study.history.values[:, 0])
            rows.append(np.pad(best, (0, n_trials - len(best)), mode="edge"))
        curves[name] = np.array(rows)
        middle = np.median(curves[name], axis=0)
        print(
            f"{name:8} median best after {n_trials // 2}: {middle[n_trials // 2 - 1]:.4f}, "
            f"after {n_trials}: {middle[-1]:.4f}"
        )
    return curves


def draw(curves: Mapping[str, NDArray[np.float64]]) -> Any:
    """A Plotly figure of the median and the middle half of each search."""
    import plotly.graph_objects as go

    figure = go.Figure()
    colours = {"grid": "#888888", "random": "#e69f00", "TPE": "#0072b2"}
    for name, runs in curves.items():
        trials = np.arange(1, runs.shape[1] + 1)
        low, middle, high = np.quantile(runs, [0.25, 0.5, 0.75], axis=0)
        band = {
            "line": {"width": 0, "shape": "hv"},
            "hoverinfo": "skip",
            "showlegend": False,
            "legendgroup": name,
        }
        figure.add_scatter(x=trials, y=low, mode="lines", **band)
        figure.add_scatter(
            x=trials,
            y=high,
            mode="lines",
            fill="tonexty",
            fillcolor=colours[name] + "33",
            **band,
        )
        figure.add_scatter(
            x=trials,
            y=middle,
            mode="lines",
            name=name,
            legendgroup=name,
            line={"color": colours[name], "width": 2, "shape": "hv"},
        )
    n_seeds = len(next(iter(curves.values())))
    figure.update_layout(
        template="plotly_white",
        title=f"Best accuracy so far: median and middle half of {n_seeds} seeds",
        xaxis_title="trials",
        yaxis_title="accuracy",
        yaxis_tickformat=".1%",
    )
    worst = min(
        float(np.median(runs, axis=0)[min(7, runs.shape[1] - 1)]) for runs in curves.values()
    )
    best = max(float(runs.max()) for runs in curves.values())
    figure.update_yaxes(range=[worst - 0.005, best + 0.003])
    return figure


def main() -> None:
    """Compare, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=48)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path(), help="a folder for the plots")
    given = parser.parse_args()
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    curves = compare(given.trials, given.seeds)
    try:
        figure = draw(curves)
    except ImportError:
        print("No plot without Plotly: pip install 'trimtab[plot]'")
        return
    page = given.out / "search_comparison.html"
    figure.write_html(page, include_plotlyjs="directory")
    print(f"Drawn: {page}")
    try:
        figure.write_image(page.with_suffix(".png"), width=900, height=500, scale=2)
    except (ImportError, RuntimeError, ValueError) as missing:
        print(f"No PNG: {str(missing).strip().splitlines()[0]}")
    else:
        print(f"Drawn: {page.with_suffix('.png')}")


if __name__ == "__main__":
    main()
