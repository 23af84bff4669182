"""Our own examples of the Tuner: the notebook from start to end, and networks that really learn."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from scripts.notebook import NOTEBOOK, SCRIPT, cells_of, notebook_of

EXAMPLES = Path(__file__).parents[2] / "examples"
pytest.importorskip("pandas", reason="the examples read data frames")


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports an example as its neighbours do."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if (EXAMPLES / f"{name}.py").exists():
            del sys.modules[name]


def test_the_notebook_is_the_script() -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    assert NOTEBOOK.read_text(encoding="utf-8") == notebook_of(script), "python -m scripts.notebook"
    kinds = [kind for kind, _ in cells_of(script)]
    assert kinds.count("code") == 11
    assert "noqa" not in notebook_of(script)


@pytest.mark.slow
def test_the_notebook_runs_from_start_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    source = EXAMPLES.parent / "src"
    monkeypatch.setenv("PYTHONPATH", f"{EXAMPLES}:{source}")
    # matplotlib's own kernel integration warns of what nobody here can change.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=90,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 3
    said = "".join(o["text"] for o in outputs if o.get("name") == "stdout")
    assert "member 0: Q = 1.2000\nmember 1: Q = 1.2000\n" in said
    assert "at most 0.5925" in said
    for name in ("pbt.gif", "pbt4.gif"):
        with image.open(tmp_path / name) as film:
            assert film.n_frames == 100
    for name in ("pbt.png", "grid.png", "pbt4.png", "pbt_population.html", "pbt_parameters.html"):
        assert (tmp_path / name).stat().st_size > 10_000


def table(**columns: Any) -> Any:
    pandas: Any = importlib.import_module("pandas")
    return type("Result", (), {"metrics_dataframe": pandas.DataFrame(columns)})()


def test_arrows_lead_from_where_members_are_compared(example: Any) -> None:
    pytest.importorskip("matplotlib")
    utils = example("pbt_visualization_utils")
    path = np.arange(20.0).reshape(10, 2) ** 2
    starts, deltas = utils.get_arrows(path, 4)
    assert starts.tolist() == path[[3, 7]].tolist()
    assert deltas.tolist() == (path[[4, 8]] - path[[3, 7]]).tolist()
    assert utils.get_arrows(path[:4], 4)[0].shape == (0, 2)
    assert utils.Q_batch(np.array([[0.0, 0.0], [0.9, 0.9]])).tolist() == pytest.approx(
        [1.2, -0.2175]
    )


def test_legends_are_made_of_what_members_began_with(example: Any) -> None:
    plt: Any = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    utils = example("pbt_visualization_utils")
    n = 9
    results = [
        table(
            training_iteration=range(1, n + 1),
            theta0=np.linspace(0.9, 0.1, n),
            theta1=np.full(n, 0.5),
            Q=np.linspace(0, 1, n),
            h0=[h0] + [0.5] * (n - 1),
            h1=[1 - h0] + [0.5] * (n - 1),
        )
        for h0 in (0.0, 0.25)
    ]
    points = utils.plot_parameter_history(results, ["red", "black"], plot_until_iter=5)
    assert [len(each.get_offsets()) for each in points] == [5, 5]
    assert [each.get_label() for each in points] == ["h = [0, 1]", "h = [0.25, 0.75]"]
    sizes = points[0].get_sizes()
    assert (np.diff(sizes) < 0).all()
    plt.close("all")


@pytest.fixture
def digits(example: Any) -> ModuleType:
    pytest.importorskip("sklearn", reason="the examples train a network of scikit-learn")
    module: ModuleType = example("pbt_digits")
    return module


@pytest.mark.slow
def test_pbt_beats_random_search_on_the_same_steps(
    digits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    losses = []
    for seed in range(5):
        runs = [digits.search(uses, seed, executor="inline") for uses in (False, True)]
        steps = [sum(len(result.reports) for result in run) for run in runs]
        assert [run.errors for run in runs] == [[], []]
        assert steps == [8 * 21, 8 * 21]
        losses.append([digits.best(run) for run in runs])
    random, pbt = np.median(losses, axis=0)
    assert pbt < random, losses
    assert sum(after < before for before, after in losses) >= 4, losses


@pytest.mark.slow
def test_asha_saves_most_of_the_epochs(
    example: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn", reason="the examples train a network of scikit-learn")
    asha = example("asha_digits")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    results = asha.search(True, 0, executor="inline")
    assert len(results) == 27
    assert asha.epochs_of(results) < 27 * 27 / 3
    assert results.get_best_result().metrics["accuracy"] > 0.9
