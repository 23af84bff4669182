"""Figures of the Gaussian process, judged by its peers."""

import pytest

from benchmarks.gp_comparison import Traces
from benchmarks.gp_problems import PROBLEMS
from benchmarks.gp_quality import section, verdict
from benchmarks.results import Section


@pytest.mark.parametrize(
    ("ours", "peers", "expected"),
    [
        (1.0, [2.0, 3.0], "aim"),
        (2.0, [2.0, 3.0], "must"),
        (2.5, [2.0, 3.0], "short"),
        (2.5, [], ""),
    ],
)
def test_both_peers_must_be_reached(ours: float, peers: list[float], expected: str) -> None:
    assert verdict(ours, peers) == expected


def found(regrets: dict[str, float], seeds: int = 2) -> Traces:
    return {
        name: {p.name: {s: [regret] * 60 for s in range(seeds)} for p in PROBLEMS}
        for name, regret in regrets.items()
    }


def verdicts(of: Section) -> dict[str, str]:
    return {figure.name: figure.verdict for figure in of.figures}


def test_every_row_of_quality_is_there() -> None:
    made = section(found({"trimtab": 1.0, "optuna": 2.0, "ax": 3.0}), "optuna 5, ax 1")
    assert verdicts(made) == {
        "GP regret after 20 trials, 14 problems": "aim",
        "GP regret after 40 trials, 14 problems": "aim",
        "GP regret after 60 trials, 14 problems": "aim",
        "Hypervolume missing after 60 trials, branin and currin": "aim",
        "Hypervolume missing after 60 trials, quarter circle": "aim",
        "Regret in batches of 4 / one at a time, hartmann6": "must",
        "Regret in batches of 4 / one at a time, levy4": "must",
        "Regret in batches of 4 / one at a time, rosenbrock4": "must",
    }
    assert made.figures[0].measured == "trimtab 1 (1.00), optuna 2 (2.00), ax 3 (3.00)"
    assert "optuna 5, ax 1" in made.notes[-1]


def test_a_loss_in_batches_is_judged_by_that_of_ax() -> None:
    traces = found({"trimtab": 1.0, "optuna": 1.0, "ax": 1.0})
    traces["trimtab"]["levy4 in fours"] = {0: [3.0] * 60, 1: [3.0] * 60}
    traces["ax"]["levy4 in fours"] = {0: [2.0] * 60, 1: [2.0] * 60}
    made = section(traces, "")
    assert verdicts(made)["Regret in batches of 4 / one at a time, levy4"] == "short"
    rows = {figure.name: figure.measured for figure in made.figures}
    assert rows["Regret in batches of 4 / one at a time, levy4"] == "trimtab 3, optuna 1, ax 2"


def test_a_peer_that_was_never_run_is_left_out() -> None:
    made = section(found({"trimtab": 1.0, "optuna": 0.5}), "")
    assert made.figures[0].measured == "trimtab 2 (2.00), optuna 1 (1.00)"
    assert made.figures[0].verdict == "short"
    assert made.figures[-1].verdict == ""


def test_batches_are_not_judged_where_one_at_a_time_was_not_run() -> None:
    traces = found({"trimtab": 1.0, "ax": 2.0})
    for problems in traces.values():
        del problems["levy4"]
    names = verdicts(section(traces, ""))
    assert "Regret in batches of 4 / one at a time, levy4" not in names
    assert "Regret in batches of 4 / one at a time, hartmann6" in names
