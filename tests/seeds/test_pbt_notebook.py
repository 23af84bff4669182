"""The notebook on population based training: its own cells, with only the import lines changed."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.seeds.listings import seed
from tests.seeds.notebook_cells import code_cells, indented
from trimtab import tune

pytest.importorskip("pandas", reason="the cells read data frames")
matplotlib: Any = pytest.importorskip("matplotlib", reason="the cells draw")
Image: Any = pytest.importorskip("PIL.Image", reason="the film is written with Pillow")

EXAMPLES = Path(__file__).parents[2] / "examples"
IMPORTS = {
    "import ray": "from trimtab.tune import ray_names as ray",
    "from ray import tune": "from trimtab import tune",
    "from ray.tune.schedulers import": "from trimtab.tune.schedulers import",
    "from ray.tune.tune_config import": "from trimtab.tune import",
    "from ray.tune.tuner import": "from trimtab.tune import",
}


LOST = "pbt_results = tuner.fit()\n"
"""Of the cell that runs the population: the page lost it together with its long output."""


@pytest.fixture
def cells() -> list[str]:
    """The cells as Python; the first one installs packages and is left out."""
    found = [indented(lines) for lines in code_cells(seed("pbt-visualization-notebook.txt"))]
    assert found[0].startswith("!pip install")
    return [_with_our_imports(cell) for cell in found[1:]]


def _with_our_imports(cell: str) -> str:
    lines = cell.splitlines()
    for n, line in enumerate(lines):
        for theirs, ours in IMPORTS.items():
            if line == theirs or (theirs.endswith("import") and line.startswith(theirs)):
                lines[n] = ours + line.removeprefix(theirs)
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the cells run; what they keep in the home folder goes there, too."""
    plt = pytest.importorskip("matplotlib.pyplot")
    before = matplotlib.get_backend()
    plt.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield tmp_path
    plt.close("all")
    plt.switch_backend(before)


@pytest.mark.slow
@pytest.mark.parametrize("executor", [None, "inline"])
def test_its_cells_run(
    cells: list[str],
    folder: Path,
    executor: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The page names no seed: one run in sixty draws its rates so low that 0.001 is lacking.
    told: dict[str, Any] = {"seed": 0} if executor is None else {"seed": 0, "executor": executor}
    monkeypatch.setattr(tune, "TuneConfig", functools.partial(tune.TuneConfig, **told))
    names: dict[str, Any] = {"__name__": "__main__"}
    at = next(n for n, cell in enumerate(cells) if "pbt_results" in cell)
    for n, cell in enumerate([*cells[:at], LOST, *cells[at:]], start=2):
        exec(compile(cell, f"cell {n}", "exec"), names)
        if n == 3:
            assert capsys.readouterr().out == "Initial parameter values: theta = [0.9 0.9]\n"
    pbt, grid = names["pbt_results"], names["grid_results"]
    for result in pbt:
        table = result.metrics_dataframe
        assert list(table["training_iteration"]) == list(range(1, 101))
        assert table["Q"].iloc[-1] == pytest.approx(1.2, abs=1e-3)
    # theta goes to 0 only along the one axis that its h lets it see, with lr 0.01 not quite.
    for result, limit in zip(grid, (0.5925, 0.39), strict=True):
        assert limit - 0.035 < result.metrics["Q"] < limit
    with Image.open(folder / "pbt.gif") as film:
        assert film.n_frames == 100
    labels = [[text.get_text() for text in ax.get_legend().texts[:2]] for ax in names["axs"]]
    assert labels == [["h = [1, 0]", "h = [0, 1]"]] * 2


def test_only_imports_are_changed(cells: list[str]) -> None:
    theirs = [indented(lines) for lines in code_cells(seed("pbt-visualization-notebook.txt"))][1:]
    assert [_without_imports(cell) for cell in cells] == [_without_imports(c) for c in theirs]
    assert "ray." not in "".join(line for line in cells[0].splitlines() if "import" in line)


def _without_imports(cell: str) -> str:
    module = ast.parse(cell)
    module.body = [
        each for each in module.body if not isinstance(each, (ast.Import, ast.ImportFrom))
    ]
    return ast.dump(module)


def test_indentation_is_put_back() -> None:
    lines = ["def f(n):", " if n:", " n = 1", "", " while True:", " n += 1", "", " n += 1"]
    lines += [" with tempfile.x() as d:", " if n:", " pass", "", " report(d)", "g(", " f", ")"]
    expected = """\
def f(n):
    if n:
        n = 1

    while True:
        n += 1

        n += 1
        with tempfile.x() as d:
            if n:
                pass

            report(d)
g(
        f
        )
"""
    assert indented(lines) == expected
