"""Patience, thresholds and the signed-rank test, where they go beyond Optuna's."""

import math

import pytest

from trimtab.errors import InvalidType, TrimtabWarning
from trimtab.records import Report, StudyDirection, TrialState
from trimtab.schedulers import (
    MedianPruner,
    PatientPruner,
    Stop,
    ThresholdPruner,
    WilcoxonPruner,
)
from trimtab.testing.schedulers import Race


def play(race: Race, number: int, scores: list[float], value: float | None = None) -> list[bool]:
    """Report all scores and complete, whatever the scheduler says; what it said."""
    race.start(number)
    said = [race.report(number, step, score) for step, score in enumerate(scores)]
    end = sum(scores) / len(scores) if value is None else value
    race.finish(number, TrialState.COMPLETE, end)
    return said


def test_wilcoxon_takes_the_best_mean_where_there_are_several_objectives() -> None:
    race = Race(WilcoxonPruner(metric="loss"), metric="loss", n_objectives=2)
    play(race, 0, [0.0] * 8, value=100.0)
    play(race, 1, [5.0] * 8, value=-100.0)
    assert play(race, 2, [3.0] * 8)[-1], "worse than trial 0, better than trial 1"
    assert not play(race, 3, [-1.0] * 8)[-1]


def test_wilcoxon_leaves_infeasible_trials_out() -> None:
    race = Race(WilcoxonPruner())
    play(race, 0, [0.0] * 8)
    race.history.apply(race.history.trial(0).replace(constraints={"c": 1.0}))
    assert not any(play(race, 1, [3.0] * 8)), "no feasible trial is complete"


def test_wilcoxon_ranks_by_the_studys_direction_and_tests_by_its_own() -> None:
    # The study minimizes an error; the reports are accuracies.
    race = Race(WilcoxonPruner(metric="accuracy", direction="maximize"), metric="accuracy")
    play(race, 0, [0.9] * 8, value=0.1)
    play(race, 1, [0.5] * 8, value=0.5)
    race.direction = StudyDirection.MAXIMIZE
    assert play(race, 2, [0.7] * 8)[-1]


def test_wilcoxon_warns_of_what_it_cannot_compare() -> None:
    race = Race(WilcoxonPruner())
    play(race, 0, [0.0, 0.0, 0.0])
    race.start(1)
    race.report(1, 0, 1.0)
    with pytest.warns(TrimtabWarning, match="left out"):
        race.report(1, 7, 1.0)
    race.start(2)
    with pytest.warns(TrimtabWarning, match="Trial 2 .* not finite"):
        assert not race.report(2, 0, math.nan)


def test_wilcoxon_warns_of_a_best_trial_without_reports() -> None:
    race = Race(WilcoxonPruner())
    race.start(0)
    race.finish(0, TrialState.COMPLETE, 0.0)
    race.start(1)
    with pytest.warns(TrimtabWarning, match="no reports"):
        assert not race.report(1, 0, 1.0)


def test_patience_looks_at_the_wrapped_schedulers_metric() -> None:
    pruner = PatientPruner(MedianPruner(metric="loss", direction="maximize"), patience=1)
    assert (pruner.metric, pruner.direction) == ("loss", StudyDirection.MAXIMIZE)


def test_patience_on_another_metric_keeps_both_directions() -> None:
    inner = PatientPruner(None, 0, metric="loss", direction="minimize")
    pruner = PatientPruner(inner, 0, metric="accuracy", direction="maximize")
    race = Race(None)
    race.start(0)
    for step, (accuracy, loss) in enumerate([(0.5, 1.0), (0.6, 2.0), (0.4, 3.0), (0.3, 0.0)]):
        race.history.apply_report(0, Report(step, {"accuracy": accuracy, "loss": loss}))
        race.scheduler, race.direction = pruner, StudyDirection.MAXIMIZE
        assert isinstance(race.decide(0), Stop) is (step == 2)


@pytest.mark.parametrize("bad", ["MedianPruner", MedianPruner, 3])
def test_patience_wraps_a_scheduler(bad: object) -> None:
    with pytest.raises(InvalidType, match="wrapped_pruner"):
        PatientPruner(bad, patience=1)  # type: ignore[arg-type]  # wrong on purpose


def test_a_bound_may_be_met() -> None:
    race = Race(ThresholdPruner(lower=0.0, upper=1.0))
    race.start(0)
    assert not race.report(0, 0, 0.0)
    assert not race.report(0, 1, 1.0)
    assert race.report(0, 2, math.nextafter(1.0, 2.0))
    assert race.report(0, 3, math.nan)
