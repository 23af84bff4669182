"""Grid, random and TPE search of one real model, with a plot: the example, made small."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import trimtab

pytest.importorskip("sklearn", reason="the example tunes a model of scikit-learn")

EXAMPLE = Path(__file__).parents[2] / "examples" / "search_comparison.py"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example, on 300 pictures."""
    spec = importlib.util.spec_from_file_location("search_comparison", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "X", module.X[:300])
    monkeypatch.setattr(module, "y", module.y[:300])
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    return module


def test_the_comparison(
    example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curves = example.compare(n_trials=20, n_seeds=2)
    assert list(curves) == ["grid", "random", "TPE"]
    assert capsys.readouterr().out.count("median best after 10: ") == 3
    for name, runs in curves.items():
        assert runs.shape == (2, 20)
        assert (np.diff(runs, axis=1) >= 0).all(), name
        assert (runs[:, -1] > 0.9).all(), name
    pytest.importorskip("plotly", reason="draws the comparison")
    figure = example.draw(curves)
    assert [trace.name for trace in figure.data if trace.name] == ["grid", "random", "TPE"]
    page = tmp_path / "comparison.html"
    figure.write_html(page, include_plotlyjs=False)
    assert "Best accuracy so far" in page.read_text()


def test_a_grid_ends_when_it_has_tried_all(example: ModuleType) -> None:
    points = np.prod([len(values) for values in example.GRID.values()])
    study = trimtab.create_study(sampler=example.SEARCHES["grid"](0))
    study.optimize(lambda trial: float(trial.suggest_float("C", 1e-2, 1e3, log=True)))
    assert len(study.trials) == points
