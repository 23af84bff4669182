"""What befalls a run: its checkpoints, its disk, its storage, its process."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.disks import small_disk, take_all_room
from tests.services import Server
from trimtab import tune
from trimtab.errors import StorageBusy, StorageFull
from trimtab.records import TrialState
from trimtab.schedulers import PopulationBasedTraining
from trimtab.tune import FailureConfig, ResultGrid, RunConfig, TuneConfig, Tuner, manifests
from trimtab.tune.executors import ProcessExecutor

__all__ = ["small_disk"]

Config = dict[str, Any]


def counting(config: Config) -> None:
    """Counts on from its checkpoint; saves every other time; does at a count what it is told."""
    checkpoint = tune.get_checkpoint()
    count = 0 if checkpoint is None else int(Path(checkpoint.path, "count").read_text("utf-8"))
    folder = Path(tune.get_context().get_trial_dir(), "mine")
    folder.mkdir(exist_ok=True)
    while True:
        count += 1
        (folder / "count").write_text(str(count), "utf-8")
        (folder / "more").write_bytes(b"\0" * 1000)
        saved = tune.Checkpoint.from_directory(folder) if count % 2 == 0 else None
        if count == 7 and not (folder / "failed").exists():
            (folder / "failed").touch()
            config.get("at_7", lambda folder: None)(folder.parent)
            raise ValueError("at 7")
        score = config.get("slope", 1.0) * count
        tune.report({"count": count, "score": score}, checkpoint=saved)


def tuner_of(trainable: Any, folder: Path, space: Config | None = None, **given: Any) -> Tuner:
    keys = ("stop", "failure_config", "callbacks", "storage")
    kept = {key: given.pop(key) for key in keys if key in given}
    return Tuner(
        trainable,
        param_space=space or {},
        tune_config=TuneConfig(**{"executor": "inline", "seed": 0, **given}),
        run_config=RunConfig(
            **{"stop": {"training_iteration": 10}, **kept},
            name="run",
            storage_path=folder,
            verbose=0,
        ),
    )


def counts(results: ResultGrid) -> list[list[float]]:
    return [[report["count"] for report in result.reports] for result in results]


# ---------------------------------------------------------------- checkpoints


def flip(checkpoint: Path) -> None:
    (checkpoint / "more").write_bytes(b"\0" * 999 + b"\1")


def truncate(checkpoint: Path) -> None:
    (checkpoint / "more").write_bytes(b"\0" * 999)


def lose_a_file(checkpoint: Path) -> None:
    (checkpoint / "count").unlink()


def lose_the_manifest(checkpoint: Path) -> None:
    manifests.forget(checkpoint)


def vanish(checkpoint: Path) -> None:
    shutil.rmtree(checkpoint)


def write_by_halves(checkpoint: Path) -> None:
    lose_the_manifest(checkpoint)
    checkpoint.rename(checkpoint.with_name(checkpoint.name + ".partial"))


HARMS = [flip, truncate, lose_a_file, lose_the_manifest, vanish, write_by_halves]


@pytest.mark.parametrize(("harm", "left"), [*((harm, 4) for harm in HARMS), (vanish, 0)])
def test_a_damaged_checkpoint_is_not_gone_on_from(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], None], left: int
) -> None:
    """In mid-run: from the one before, or where there is none from the beginning, with a word."""

    def harm_them(folder: Path) -> None:
        for count in range(left + 2, 8, 2):
            harm(folder / f"checkpoint_{count:06d}")

    begun: list[int] = []

    def trainable(config: Config) -> None:
        checkpoint = tune.get_checkpoint()
        begun.append(0 if checkpoint is None else int(Path(checkpoint.path, "count").read_text()))
        counting({"at_7": harm_them})

    results = tuner_of(trainable, tmp_path, failure_config=FailureConfig(max_failures=1)).fit()
    assert begun == [0, left]
    assert counts(results) == [[*range(1, 11)]]
    assert "checkpoint_000006" in caplog.text
    assert ("begins anew" if left == 0 else "goes on from the one before") in caplog.text


@pytest.mark.parametrize("harm", [flip, vanish])
def test_a_damaged_checkpoint_is_not_restored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], None]
) -> None:
    results = tuner_of(counting, tmp_path).fit()
    assert [result.state for result in results] == [TrialState.FAIL]
    harm(Path(results[0].path, "checkpoint_000006"))
    begun: list[str] = []

    def trainable(config: Config) -> None:
        checkpoint = tune.get_checkpoint()
        begun.append("" if checkpoint is None else Path(checkpoint.path).name)
        counting(config)

    again = Tuner.restore(tmp_path / "run", trainable, resume_errored=True).fit()
    assert begun == ["checkpoint_000004"]
    assert counts(again) == [[*range(1, 11)]]
    assert "checkpoint_000006" in caplog.text
    checkpoint = again[0].checkpoint
    assert checkpoint is not None
    assert checkpoint.path.endswith("checkpoint_000010")


class Harms(tune.Callback):
    """Damages checkpoints of the better of two members when it reports for the fourth time."""

    def __init__(self, harm: Callable[[Path], None], steps: list[int]) -> None:
        self.harm = harm
        self.steps = steps

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        if (trial.number, result["training_iteration"]) == (1, 4):
            for step in self.steps:
                self.harm(trial.path / f"checkpoint_{step:06d}")


@pytest.mark.parametrize(("harm", "left"), [(flip, 2), (vanish, 0)])
def test_a_donor_s_damaged_checkpoint_is_not_copied(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], None], left: int
) -> None:
    scheduler = PopulationBasedTraining(
        time_attr="training_iteration",
        perturbation_interval=4,
        quantile_fraction=0.5,
        hyperparam_mutations={"slope": tune.uniform(0, 1)},
        synch=True,
    )
    results = tuner_of(
        counting,
        tmp_path,
        {"slope": tune.grid_search([0.1, 0.9])},
        scheduler=scheduler,
        metric="score",
        mode="max",
        stop={"training_iteration": 6},
        callbacks=[Harms(harm, [4] if left else [2, 4])],
    ).fit()
    assert [result.state for result in results] == [TrialState.COMPLETE] * 2
    assert [entry[:3] for entry in results[0].lineage] == ([(4, 1, left)] if left else [])
    assert "checkpoint_000004" in caplog.text


# ---------------------------------------------------------------- room


def test_a_checkpoint_that_finds_no_room(small_disk: Path) -> None:
    """Its trial fails, says so, and can go on from the one before; nothing is left of it."""

    def trainable(config: Config) -> None:
        checkpoint = tune.get_checkpoint()
        begun = 0 if checkpoint is None else int(Path(checkpoint.path, "count").read_text())
        for count in range(begun + 1, 4):
            source = small_disk.parent / "source"
            source.mkdir(exist_ok=True)
            (source / "count").write_text(str(count))
            (source / "large").write_bytes(bytes((2 if count < 3 else config["megabytes"]) << 20))
            tune.report({"count": count}, checkpoint=tune.Checkpoint.from_directory(source))

    results = tuner_of(trainable, small_disk, {"megabytes": 20}).fit()
    assert (results[0].state, counts(results)) == (TrialState.FAIL, [[1, 2]])
    assert "No space left on device" in str(results[0].error)
    assert not list(Path(results[0].path).glob("*.partial"))

    def smaller(config: Config) -> None:
        trainable({"megabytes": 1})

    again = Tuner.restore(small_disk / "run", smaller, resume_errored=True).fit()
    assert (again[0].state, counts(again)) == (TrialState.COMPLETE, [[1, 2, 3]])


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_a_run_that_finds_no_room(small_disk: Path, executor: str) -> None:
    """It ends and says so; what was there stays; it goes on when there is room."""

    def trainable(config: Config) -> None:
        for count in range(1, 400):
            if count == 5 and not (small_disk / "ballast").exists():
                take_all_room(small_disk)
            tune.report({"count": count, **{f"metric {n}": float(n) for n in range(100)}})
            time.sleep(0.001)

    place = ProcessExecutor(1) if executor == "process" else executor
    with pytest.raises(StorageFull, match="no room"):
        tuner_of(trainable, small_disk, executor=place, stop=lambda trial, result: False).fit()
    (small_disk / "ballast").write_bytes(b"")
    tuner = Tuner.restore(
        small_disk / "run",
        lambda config: tune.report({"count": 1000}),
        run_config=RunConfig(verbose=0),
    )
    before = counts(tuner.get_results())[0]
    assert before == [*range(1, len(before) + 1)]
    results = tuner.fit()
    assert [result.state for result in results] == [TrialState.COMPLETE]
    assert counts(results)[0][: len(before)] == before


# ---------------------------------------------------------------- the storage


def test_a_database_that_is_locked_for_a_while(tmp_path: Path) -> None:
    def trainable(config: Config) -> None:
        for count in range(1, 7):
            if count == 3:
                lock()
            tune.report({"count": count})

    def lock() -> None:
        other = sqlite3.connect(tmp_path / "run" / "study.db", check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.5, other.close)
        timer.daemon = True
        timer.start()
        timers.append(timer)

    timers: list[threading.Timer] = []
    results = tuner_of(trainable, tmp_path, stop=lambda trial, result: False).fit()
    for timer in timers:
        timer.join()
    assert counts(results) == [[*range(1, 7)]]


def test_a_database_that_stays_locked(tmp_path: Path) -> None:
    """The run ends with the reason, and goes on from where it was."""
    held: list[sqlite3.Connection] = []

    def trainable(config: Config) -> None:
        for count in range(1, 7):
            if count == 3 and not held:
                held.append(sqlite3.connect(tmp_path / "run" / "study.db", check_same_thread=False))
                held[0].execute("BEGIN IMMEDIATE")
            tune.report({"count": count})

    url = f"sqlite:///{tmp_path}/run/study.db?timeout=0.3"
    with pytest.raises(StorageBusy, match="locked"):
        tuner_of(trainable, tmp_path, stop=lambda trial, result: False, storage=url).fit()
    held[0].close()
    results = Tuner.restore(
        tmp_path / "run", trainable, run_config=RunConfig(storage=url, verbose=0)
    ).fit()
    assert counts(results) == [[*range(1, 7)]]


@pytest.mark.slow
@pytest.mark.postgres
def test_a_database_server_that_restarts(postgres_server: Server, tmp_path: Path) -> None:
    def trainable(config: Config) -> None:
        for count in range(1, 21):
            if count == 5:
                postgres_server.stop()
                threading.Timer(1.0, postgres_server.start).start()
            tune.report({"count": count})

    results = tuner_of(
        trainable, tmp_path, stop=lambda trial, result: False, storage=postgres_server.url
    ).fit()
    assert counts(results) == [[*range(1, 21)]]
