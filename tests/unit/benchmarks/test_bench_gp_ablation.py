"""The ablation of the Gaussian process sampler."""

import json
from pathlib import Path

import pytest

from benchmarks.gp_ablation import DEFAULT, VARIANTS, changed, report
from trimtab.samplers import GPSampler
from trimtab.samplers.gp import fit, outputs
from trimtab.samplers.gp.kernel import matern52, rbf


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_names_what_there_is(variant: str) -> None:
    with changed(variant):
        GPSampler(seed=0)


def test_a_variant_is_undone() -> None:
    before = (outputs._UNITS, fit._NOISE_MEAN)
    with changed("RBF kernel"):
        assert GPSampler()._kernel is rbf
    with changed("more noise a priori"):
        assert fit._NOISE_MEAN == -4.0
    with changed("4 points first"):
        assert GPSampler()._n_startup == 4
    assert before == (outputs._UNITS, fit._NOISE_MEAN)
    assert GPSampler()._kernel is matern52
    assert GPSampler()._n_startup is None


def test_after_fewer_trials(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    lines = [
        {"variant": variant, "problem": "p", "seed": 0, "regrets": [regret]}
        for variant, regret in ((DEFAULT, 1.0), ("RBF kernel", 2.0))
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert report(file).splitlines()[0] == "| variant | ratio at 20, better in |"
    assert report(file).splitlines()[-1] == "| RBF kernel | 2.00, 0% |"


def test_report(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    runs = [(DEFAULT, [1.0, 1.0, 0.0]), ("RBF kernel", [2.0, 0.5, 0.0])]
    lines = [
        {"variant": variant, "problem": "p", "seed": 0, "regrets": regrets}
        for variant, regrets in runs
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert report(file).splitlines()[-1] == "| RBF kernel | 2.00, 0% | 0.50, 100% | 1.00, 50% |"
