"""What is said of runs with few trials."""

import pytest

from benchmarks.gp_comparison import Trace, Traces, batch_losses, report, win_rows
from benchmarks.gp_problems import PROBLEMS

BY_NAME = {problem.name: problem for problem in PROBLEMS}


def test_a_report_ranks_by_the_medians_of_seeds_that_all_have_run() -> None:
    def constant(regret: float) -> Trace:
        return [regret] * 60

    found = {
        "optuna": {
            "branin": {0: constant(1.0), 1: constant(3.0), 2: constant(0.0)},
            "levy4": {0: constant(2.0)},
            "levy4 in fours": {0: constant(4.0)},
        },
        "ax": {
            "branin": {0: constant(4.0), 1: constant(5.0)},
            "levy4": {0: constant(1.0)},
            "levy4 in fours": {0: constant(1.0)},
            "hartmann6": {0: constant(1.0)},
        },
    }
    text = report(found)
    assert "| branin | 2 | **2** | 4.5 | **2** | 4.5 | **2** | 4.5 |" in text
    assert "| levy4 | 1 | 2 | **1** |" in text
    assert "| hartmann6 |" not in text
    assert "| after 60 trials, 2 problems | 1.5 (1.50) | 1.5 (1.50) |" in text
    assert "| levy4 in fours after 60 trials | 2.00 | 1.00 |" in text
    losses = batch_losses(found, BY_NAME["levy4 in fours"], ["optuna", "ax"], 60)
    assert losses == pytest.approx({"optuna": 2.0, "ax": 1.0}, rel=1e-5)


def test_pairs_are_compared_by_all_that_both_have_run() -> None:
    found: Traces = {
        "trimtab": {"branin": {0: [1.0] * 60, 1: [2.0] * 60, 2: [3.0] * 60}},
        "optuna": {"branin": {0: [2.0] * 60, 1: [2.0] * 60, 2: [9.0] * 60, 3: [0.0] * 60}},
        "ax": {"branin": {2: [1.0] * 60}, "levy4 in fours": {2: [1.0] * 60}},
    }
    assert win_rows(found, ["trimtab", "optuna", "ax"]) == [
        ("trimtab better than optuna", "3", "83%", "83%", "83%"),
        ("trimtab better than ax", "1", "0%", "0%", "0%"),
        ("optuna better than ax", "1", "0%", "0%", "0%"),
    ]
