"""What hurts users of Ray Tune does not hurt here: a run for each complaint that other tests lack.

Numbers are those of issues of ray-project/ray.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimtab import tune
from trimtab.records import TrialState
from trimtab.tune import (
    CheckpointConfig,
    FailureConfig,
    ResultGrid,
    Tuner,
    manifests,
    schedulers,
)

Fit = Callable[..., ResultGrid]


def pbt(**given: Any) -> schedulers.PopulationBasedTraining:
    kept: dict[str, Any] = {
        "time_attr": "training_iteration",
        "metric": "score",
        "mode": "max",
        "perturbation_interval": 4,
        "quantile_fraction": 0.5,
        "hyperparam_mutations": {"x": tune.uniform(0, 1)},
    }
    return schedulers.PopulationBasedTraining(**kept | given)


def counting(config: dict[str, Any]) -> None:
    """Counts on from its checkpoint, if it saves any, to 12; ends early if it is told to."""
    checkpoint = tune.get_checkpoint()
    count = 0 if checkpoint is None else int(Path(checkpoint.path, "count").read_text())
    folder = Path(tune.get_context().get_trial_dir(), "mine")
    folder.mkdir(exist_ok=True)
    while count < config.get("returns", 12):
        count += 1
        if count == config.get("raises"):
            raise ValueError("as it was told")
        (folder / "count").write_text(str(count))
        saved = tune.Checkpoint.from_directory(folder) if config.get("saves", True) else None
        tune.report({"score": config["x"] * count, "count": count}, checkpoint=saved)


@pytest.mark.parametrize("synch", [True, False])
@pytest.mark.parametrize("early", [{"raises": 3}, {"returns": 3}, {"raises": 9}])
def test_who_ends_early_blocks_nobody(fit: Fit, early: dict[str, int], synch: bool) -> None:
    """#12122: members that failed or finished before a barrier are not waited for."""

    def trainable(config: dict[str, Any]) -> None:
        ends = early if tune.get_context().get_trial_id() == "00001" else {}
        counting({**config, **ends})

    space = {"x": tune.uniform(0, 1)}
    results = fit(trainable, space, num_samples=3, scheduler=pbt(synch=synch))
    for number in (0, 2):
        assert results[number].state is TrialState.COMPLETE
        assert results[number].metrics["count"] == 12


@pytest.mark.parametrize("synch", [True, False])
def test_a_burn_in_ends(fit: Fit, synch: bool) -> None:
    """#23424: nobody rests for ever after it."""
    scheduler = pbt(synch=synch, burn_in_period=6)
    results = fit(counting, {"x": tune.uniform(0, 1)}, num_samples=3, scheduler=scheduler)
    assert [result.metrics["count"] for result in results] == [12] * 3
    assert any(result.lineage for result in results)
    assert all(entry[0] >= 6 for result in results for entry in result.lineage)


@pytest.mark.parametrize("synch", [True, False])
def test_what_a_donor_keeps_its_copiers_find(fit: Fit, synch: bool) -> None:
    """#9036, #8441: with one checkpoint a member, and a budget that has room for none."""
    results = fit(
        counting,
        {"x": tune.uniform(0, 1)},
        num_samples=4,
        scheduler=pbt(synch=synch),
        checkpoint_config=CheckpointConfig(num_to_keep=1, max_bytes=0),
    )
    assert [result.state for result in results] == [TrialState.COMPLETE] * 4
    assert any(result.lineage for result in results)
    for result in results:
        assert len(manifests.names(Path(result.path))) <= 1


@pytest.mark.parametrize("synch", [True, False])
def test_without_checkpoints_no_work_is_done_twice(fit: Fit, synch: bool) -> None:
    """#27170: members that save nothing are not copied, and go on from where they rested."""
    space = {"x": tune.uniform(0, 1), "saves": False}
    results = fit(counting, space, num_samples=3, scheduler=pbt(synch=synch))
    for result in results:
        assert [report["count"] for report in result.reports] == [*range(1, 13)]
        assert not result.lineage


def test_a_run_that_failed_fast_can_be_gone_on_with(fit: Fit, tmp_path: Path) -> None:
    """#30584; #19077, #9726: and what is raised is the trainable's own error."""
    space = {"x": 1.0, "raises": tune.grid_search([3, None])}
    with pytest.raises(ValueError, match="as it was told"):
        fit(counting, space, failure_config=FailureConfig(fail_fast="raise"))
    again = Tuner.restore(
        tmp_path / "run", lambda config: counting({"x": config["x"]}), resume_errored=True
    ).fit()
    assert [result.state for result in again] == [TrialState.COMPLETE] * 2
    assert [report["count"] for report in again[0].reports] == [*range(1, 13)]


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_a_trial_s_current_folder_is_the_user_s(fit: Fit, executor: str) -> None:
    """#29128, #9571: and #29268: functions in workers that are used again."""
    results = fit(
        lambda config: {"inode": Path().stat().st_ino},
        num_samples=2,
        executor=executor,
        reuse_actors=True,
    )
    assert [result.metrics["inode"] for result in results] == [Path().stat().st_ino] * 2


def test_a_run_leaves_few_files_and_says_little(
    fit: Fit, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """#23451, #48019, #29586: no folder for a trial that has nothing in it; #44762: no log."""
    caplog.set_level(logging.INFO)
    fit(lambda config: {"score": config["x"]}, {"x": tune.uniform(0, 1)}, num_samples=20)
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert files <= {"run.json", "run.lock", "study.db", "study.db-wal", "study.db-shm"}
    assert [record for record in caplog.records if record.name.startswith("trimtab.tune")] == []
    assert capfd.readouterr() == ("", "")
