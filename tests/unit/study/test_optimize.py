"""The loop: limits, failures, threads, resuming."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import trimtab
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import History
from trimtab.samplers import RandomSampler
from trimtab.storage import InMemoryStorage
from trimtab.study import EarlyStopping, MaxTrialsCallback, Study
from trimtab.study.loop import Loop
from trimtab.trial import FrozenTrial, Trial


def make(**options: Any) -> Study:
    return trimtab.create_study(sampler=RandomSampler(seed=0), **options)


def square(trial: Trial) -> float:
    return trial.suggest_float("x", -1.0, 1.0) ** 2


def states(study: Study) -> list[str]:
    return [trial.state.name for trial in study.trials]


def test_n_trials_are_new_and_total_trials_are_all() -> None:
    study = make()
    study.optimize(square, n_trials=3)
    study.optimize(square, n_trials=2)
    assert len(study.trials) == 5
    study.optimize(square, total_trials=8)
    study.optimize(square, total_trials=8)
    assert len(study.trials) == 8


def test_of_two_that_begin_the_last_trial_one_gives_way(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=30)
    is_last = threading.Event()
    ask_arm = Loop._ask_arm

    def at_one_time(self: Loop, history: History) -> Trial:
        if is_last.is_set():
            both.wait()  # both have looked
        trial = ask_arm(self, history)
        if is_last.is_set():
            both.wait()  # both have written
        return trial

    monkeypatch.setattr(Loop, "_ask_arm", at_one_time)
    study = trimtab.create_study(storage=sqlite_url, study_name="s")
    study.optimize(square, n_trials=2)
    is_last.set()
    others = [trimtab.load_study(study_name="s", storage=sqlite_url) for _ in range(2)]
    threads = [
        threading.Thread(target=other.optimize, args=(square,), kwargs={"total_trials": 3})
        for other in others
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [trial.number for trial in study.trials] == [0, 1, 2]
    for each in (study, *others):
        each.storage.close()


def test_timeout_starts_no_new_trial() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        time.sleep(0.02)
        return square(trial)

    study.optimize(objective, timeout=0.5)
    assert 1 <= len(study.trials) <= 26


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_trials", -1),
        ("n_trials", 1.5),
        ("n_trials", True),
        ("total_trials", "3"),
        ("timeout", -1.0),
        ("n_jobs", 0),
        ("n_jobs", 1.0),
        ("replicates", 0),
        ("executor", "magic"),
        ("lease", 0.0),
        ("max_retries", -1),
        ("catch", (3,)),
    ],
)
def test_impossible_arguments(name: str, value: Any) -> None:
    study = make()
    with pytest.raises((InvalidArgument, InvalidType)):
        study.optimize(square, **({"n_trials": 1} | {name: value}))
    assert study.trials == []


def test_an_exception_fails_the_trial_and_ends_the_loop() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        if trial.number == 1:
            raise RuntimeError("broken")
        return square(trial)

    with pytest.raises(RuntimeError, match="broken"):
        study.optimize(objective, n_trials=5)
    assert states(study) == ["COMPLETE", "FAIL"]
    assert study.trials[1].system_attrs["fail_reason"] == "RuntimeError: broken"
    study.optimize(objective, n_trials=2, catch=(RuntimeError,))
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), "x", 1j, (1.0, 2.0)])
def test_a_bad_return_value_fails_the_trial_and_the_loop_goes_on(bad: Any) -> None:
    study = make()
    study.optimize(lambda t: bad if t.number == 0 else square(t), n_trials=2)
    assert states(study) == ["FAIL", "COMPLETE"]


def test_ctrl_c_fails_the_trial_or_gives_it_back() -> None:
    study = make()

    def interrupted(trial: Trial) -> float:
        trial.suggest_float("x", -1.0, 1.0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study.optimize(interrupted, n_trials=3)
    assert states(study) == ["FAIL"]
    with pytest.raises(KeyboardInterrupt):
        study.optimize(interrupted, total_trials=3)
    assert states(study) == ["FAIL", "WAITING"]
    study.optimize(square, total_trials=3)
    assert states(study) == ["FAIL", "COMPLETE", "COMPLETE"]


def test_pruning_by_hand_and_by_a_pruner() -> None:
    study = make(pruner=trimtab.pruners.MedianPruner(n_startup_trials=1))

    def objective(trial: Trial) -> float:
        for step in range(3):
            trial.report(float(trial.number), step)
            if trial.should_prune():
                raise trimtab.TrialPruned
        return float(trial.number)

    study.optimize(objective, n_trials=3)
    assert states(study) == ["COMPLETE", "PRUNED", "PRUNED"]
    assert study.trials[1].value == 1.0


def test_a_pruner_of_a_named_metric_serves_several_objectives() -> None:
    study = trimtab.create_study(
        directions=["minimize", "maximize"],
        pruner=trimtab.pruners.MedianPruner(n_startup_trials=1, metric="acc"),
    )
    study.set_metric_names(["loss", "acc"])

    def objective(trial: Trial) -> tuple[float, float]:
        trial.report({"acc": -float(trial.number)}, 0)
        if trial.should_prune():
            raise trimtab.TrialPruned
        return 0.0, 1.0

    study.optimize(objective, n_trials=2)
    assert states(study) == ["COMPLETE", "PRUNED"]


def test_callbacks_see_each_trial_and_may_stop_the_loop() -> None:
    study = make()
    seen: list[int] = []

    def callback(study: Study, trial: FrozenTrial) -> None:
        seen.append(trial.number)
        if trial.number == 2:
            study.stop()

    study.optimize(square, n_trials=10, callbacks=[callback])
    assert seen == [0, 1, 2]
    with pytest.raises(RuntimeError, match="callbacks"):
        study.stop()


def test_max_trials_counts_the_whole_study() -> None:
    study = make()
    study.optimize(square, n_trials=3)
    study.optimize(square, n_trials=10, callbacks=[MaxTrialsCallback(5)])
    assert len(study.trials) == 5


def test_early_stopping_keeps_its_patience_over_a_resume() -> None:
    study = make()
    values = iter([5.0, 4.0, 4.5, 4.4, 4.3, 1.0])

    def objective(trial: Trial) -> float:
        return next(values)

    study.optimize(objective, n_trials=4, callbacks=[EarlyStopping(3)])
    study.optimize(objective, n_trials=2, callbacks=[EarlyStopping(3)])
    assert [t.value for t in study.trials] == [5.0, 4.0, 4.5, 4.4, 4.3]
    with pytest.raises(InvalidArgument):
        EarlyStopping(0)
    with pytest.raises(InvalidArgument):
        EarlyStopping(1, min_delta=-1.0)


def test_optimize_is_not_for_objectives() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        study.optimize(square, n_trials=1)
        return 0.0

    with pytest.raises(RuntimeError, match="inside an objective"):
        study.optimize(objective, n_trials=1)


def test_threads_share_the_work_and_the_numbers() -> None:
    study = make()
    together = threading.Barrier(3, timeout=60)

    def objective(trial: Trial) -> float:
        if trial.number < 3:
            together.wait()
        return square(trial)

    study.optimize(objective, n_trials=12, n_jobs=3)
    assert [t.number for t in study.trials] == list(range(12))
    assert set(states(study)) == {"COMPLETE"}


def test_a_seed_makes_threads_repeatable_too() -> None:
    runs = []
    for _ in range(2):
        study = make()
        study.optimize(square, n_trials=20, n_jobs=4)
        runs.append([t.params for t in study.trials][4:])
    assert runs[0] == runs[1]


def test_an_exception_in_a_thread_ends_the_loop() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        if trial.number == 3:
            raise ValueError("broken")
        time.sleep(0.005)
        return square(trial)

    with pytest.raises(ValueError, match="broken"):
        study.optimize(objective, n_trials=1000, n_jobs=2)
    assert len(study.trials) < 500
    assert "RUNNING" not in states(study)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_trial_that_takes_too_long_fails(n_jobs: int) -> None:
    study = make()

    def objective(trial: Trial) -> float:
        end = time.monotonic() + 60.0
        while trial.number == 0 and time.monotonic() < end:
            time.sleep(0.01)
        return square(trial)

    began = time.monotonic()
    study.optimize(objective, n_trials=3, n_jobs=n_jobs, trial_timeout=1.0)
    assert time.monotonic() - began < 30.0
    assert states(study) == ["FAIL", "COMPLETE", "COMPLETE"]
    assert "1.0 s" in study.trials[0].system_attrs["fail_reason"]


def test_replicates_measure_an_arm_several_times() -> None:
    study = make()
    study.optimize(square, n_trials=6, replicates=3)
    params = [t.params["x"] for t in study.trials]
    assert params[0] == params[1] == params[2] != params[3]
    assert params[3] == params[4] == params[5]
    assert study.trials[2].system_attrs == {"replicate_of": 0}


def test_the_last_point_of_a_grid_has_its_replicates_too() -> None:
    grid = trimtab.samplers.GridSampler({"x": [0.0, 0.5]}, seed=0)
    study = trimtab.create_study(sampler=grid)
    study.optimize(square, replicates=3)
    assert sorted(trial.params["x"] for trial in study.trials) == [0.0] * 3 + [0.5] * 3


def test_a_point_that_failed_is_not_measured_again() -> None:
    grid = trimtab.samplers.GridSampler({"x": [0.0, 0.5]}, seed=0)
    study = trimtab.create_study(sampler=grid)

    def fails_at_zero(trial: Trial) -> float:
        return 1 / trial.suggest_float("x", 0.0, 1.0)

    study.optimize(fails_at_zero, replicates=2, catch=ZeroDivisionError)
    assert sorted(states(study)) == ["COMPLETE", "COMPLETE", "FAIL"]


def test_the_best_arm_is_not_the_luckiest_run() -> None:
    study = make()
    runs = {0.0: [1.0, 1.1, 0.9, 1.0], 1.0: [0.2, 3.0, 2.9, 3.1]}
    for x, values in runs.items():
        for value in values:
            study.enqueue_trial({"x": x})
            trial = study.ask()
            trial.suggest_float("x", 0.0, 1.0)
            study.tell(trial, value)
    assert study.best_trial.params == {"x": 1.0}
    arm = study.best_arm
    assert arm.params == {"x": 0.0}
    assert (arm.n, arm.trials) == (4, (0, 1, 2, 3))
    assert arm.means[0] == pytest.approx(1.0)
    assert arm.sems[0] is not None
    assert 0.0 < arm.sems[0] < 0.1


def test_a_replicate_can_be_asked_for() -> None:
    study = make()
    study.optimize(square, n_trials=2)
    trial = study.ask(replicate_of=1)
    assert trial.suggest_float("x", -1.0, 1.0) == study.trials[1].params["x"]
    study.tell(trial, 0.0)
    assert study.ask(replicate_of=2).system_attrs == {"replicate_of": 1}


@pytest.mark.parametrize("k", [1, 7])
def test_a_resumed_study_goes_on_as_an_uninterrupted_one(k: int) -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", -1.0, 1.0)
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            x += trial.suggest_int("n", 1, 5)
        return x

    def run(stops: list[int], sampler: Callable[[], Any]) -> list[dict[str, Any]]:
        storage = InMemoryStorage()
        name = trimtab.create_study(storage=storage, study_name="s").study_name
        for stop in stops:
            study = trimtab.load_study(study_name=name, storage=storage, sampler=sampler())
            study.optimize(objective, total_trials=stop)
        return [t.params for t in study.trials]

    for sampler in (lambda: RandomSampler(seed=4), lambda: trimtab.samplers.TPESampler(seed=4)):
        assert run([20], sampler) == run([k, 20], sampler)
