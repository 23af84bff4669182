"""The schedulers in a Tuner: what they decide is done, and policies of runs are replayed."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from trimtab import tune
from trimtab.errors import InvalidArgument
from trimtab.records import TrialState
from trimtab.tune import RunConfig, TuneConfig, Tuner
from trimtab.tune.schedulers import (
    ASHAScheduler,
    HyperBandScheduler,
    PopulationBasedTraining,
    PopulationBasedTrainingReplay,
    PromotingASHA,
    create_scheduler,
)


def train(config: dict[str, Any]) -> None:
    """The score is the sum of what `lr` was in each iteration."""
    total, iteration = 0.0, 0
    checkpoint = tune.get_checkpoint()
    if checkpoint:
        with checkpoint.as_directory() as folder:
            total = float(Path(folder, "total").read_text())
    while True:
        iteration += 1
        total += config["lr"]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "total").write_text(repr(total))
            tune.report({"score": total}, checkpoint=tune.Checkpoint.from_directory(folder))


def fitted(folder: Path, scheduler: Any, n: int = 6, length: int = 12) -> Any:
    return Tuner(
        train,
        param_space={"lr": tune.uniform(0.0, 1.0)},
        tune_config=TuneConfig(
            num_samples=n,
            scheduler=scheduler,
            metric="score",
            mode="max",
            seed=3,
            executor="inline",
        ),
        run_config=RunConfig(stop={"training_iteration": length}, storage_path=str(folder)),
    ).fit()


def test_a_trial_at_max_t_is_complete_and_a_bad_one_pruned(tmp_path: Path) -> None:
    results = fitted(tmp_path, ASHAScheduler(max_t=4, reduction_factor=2))
    states = {(len(result.reports), result.state) for result in results}
    assert (4, TrialState.COMPLETE) in states
    assert all(state is TrialState.PRUNED for length, state in states if length < 4)


@pytest.mark.parametrize(
    "scheduler", [PromotingASHA(max_t=4, reduction_factor=2), HyperBandScheduler(max_t=9)]
)
def test_no_trial_is_left_resting(scheduler: Any, tmp_path: Path) -> None:
    results = fitted(tmp_path, scheduler, n=7)
    assert {result.state for result in results} == {TrialState.COMPLETE, TrialState.PRUNED}


def test_a_runs_policy_is_replayed(tmp_path: Path) -> None:
    results = fitted(
        tmp_path,
        PopulationBasedTraining(
            "training_iteration",
            perturbation_interval=3,
            hyperparam_mutations={"lr": tune.uniform(0.0, 1.0)},
            synch=True,
        ),
    )
    best = results.get_best_result()
    assert len(results.policy(best.number)) > 1
    for replay in (
        PopulationBasedTrainingReplay(results),
        PopulationBasedTrainingReplay(results.experiment_path, trial=best.number),
        create_scheduler("pbt_replay", policy_file=results, trial=best.number),
    ):
        again = fitted(tmp_path, replay, n=1)[0]
        assert again.metrics["score"] == pytest.approx(best.metrics["score"])


def test_what_holds_no_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="policy_file"):
        PopulationBasedTrainingReplay(tmp_path / "absent.txt")
    with pytest.raises(InvalidArgument, match="trial"):
        PopulationBasedTrainingReplay(tmp_path)
    with pytest.raises(InvalidArgument, match="policy_file"):
        PopulationBasedTrainingReplay(tmp_path, trial=0)
