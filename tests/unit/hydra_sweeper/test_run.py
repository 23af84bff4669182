"""Sweeps from their start to what they leave behind, with functions for jobs."""

from __future__ import annotations

import csv
import os
import signal
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from hydra_plugins.trimtab_sweeper import _run
from hydra_plugins.trimtab_sweeper._stop import STOP_FILE, Stop
from tests.unit.hydra_sweeper.sweeps import CHOICE, X, study, sweep, trials
from trimtab.errors import FailureRateExceeded, InvalidArgument, TrialPruned, WrongStatus
from trimtab.integrations.hydra import report, run_seed
from trimtab.records import TrialState
from trimtab.samplers.arms import REPLICATE_OF
from trimtab.storage import Draft, Lease
from trimtab.study import Study, create_study
from trimtab.study.leases import worker_id

COMPLETE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def square(number: int, x: str = "0", kind: str = "a") -> float:
    return (float(x) - 0.25) ** 2 + (kind == "b")


def runs_per_point() -> Counter[tuple[Any, ...]]:
    return Counter(trial.point for trial in trials() if trial.state is COMPLETE)


class TestReplicates:
    def test_the_minimum_is_honoured_exactly(self) -> None:
        found = sweep(square, X, max_trials=16, n_jobs=4, min_trials_per_param=3)
        assert sorted(runs_per_point().values()) == [3] * 5  # the 16th would be too few for a 6th
        assert found["runs"] == 3

    def test_replicates_are_marked_so_that_samplers_know_them(self) -> None:
        sweep(square, X, max_trials=6, n_jobs=1, min_trials_per_param=3)
        marks = [trial.system_attrs.get(REPLICATE_OF) for trial in trials()]
        assert marks == [None, 0, 0, None, 3, 3]

    def test_every_run_has_a_seed_of_its_own_that_is_recorded(self) -> None:
        sweep(lambda number, **_: float(run_seed()), X, max_trials=4, min_trials_per_param=2)
        told = [(trial.value, trial.user_attrs["seed"]) for trial in trials()]
        assert all(value == seed for value, seed in told)
        assert len(set(told)) == 4

    def test_the_winner_is_the_best_mean_and_not_the_luckiest_run(self) -> None:
        def job(number: int, kind: str) -> float:
            lucky = {"a": 1.0, "b": 0.0 if number % 4 == 0 else 3.0}
            return lucky[kind]

        found = sweep(job, CHOICE, max_trials=8, min_trials_per_param=4)
        assert found["best_params"] == {"kind": "a"}
        assert found["best_value"] == 1.0
        assert found["best_sem"] == 0.0
        assert min(trial.value or 0.0 for trial in trials()) == 0.0

    def test_extra_runs_go_to_the_contenders(self) -> None:
        def job(number: int, x: str) -> float:
            return round(float(x) * 4) + 0.5 * (number % 2)

        space = {"x": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.25}}
        keys = {"min_trials_per_param": 2, "max_trials_per_param": 6}
        sweep(job, space, max_trials=16, **keys)
        counts = {trial.params["x"]: 0 for trial in trials()}
        for trial in trials():
            counts[trial.params["x"]] += 1
        assert len(counts) == 5
        assert max(counts, key=counts.__getitem__) in (0.0, 0.25)
        assert counts[1.0] == 2

    def test_a_finite_space_that_is_exhausted_ends_cleanly(self) -> None:
        sweep(square, CHOICE, max_trials=50, n_jobs=3, min_trials_per_param=2)
        assert sorted(runs_per_point().values()) == [2, 2]

    @pytest.mark.parametrize("sampler", ["grid", "tpe", "auto", "qmc", "cmaes", "bruteforce"])
    def test_no_point_of_a_finite_space_is_proposed_twice(self, sampler: str) -> None:
        space = {**CHOICE, "x": {"type": "float", "low": 0, "high": 1, "step": 0.5}}
        sweep(square, space, max_trials=9, n_jobs=2, sampler=sampler)
        assert sorted(runs_per_point().values()) == [1] * 6

    def test_without_parameters_there_is_one_point_to_repeat(self) -> None:
        found = sweep(float, {}, max_trials=9, min_trials_per_param=3)
        assert (found["best_params"], found["best_value"], found["runs"]) == ({}, 1.0, 3)


class TestFailures:
    def test_a_failed_run_does_not_count_towards_the_minimum(self) -> None:
        def job(number: int, kind: str) -> float:
            if number == 1:
                raise ValueError("by chance")
            return 1.0

        sweep(job, CHOICE, max_trials=7, min_trials_per_param=3, retries=1)
        assert sorted(runs_per_point().values()) == [3, 3]
        assert [trial.number for trial in trials() if trial.state is FAIL] == [1]
        assert "by chance" in str(trials()[1].system_attrs["fail_reason"])

    def test_an_arm_that_keeps_failing_is_given_up(self) -> None:
        def job(number: int, kind: str) -> float:
            if kind == "b":
                raise ValueError("always")
            return 1.0

        found = sweep(job, CHOICE, max_trials=20, min_trials_per_param=2, retries=2)
        assert Counter(trial.state for trial in trials()) == {COMPLETE: 2, FAIL: 3}
        assert found["best_params"] == {"kind": "a"}

    @pytest.mark.parametrize(
        ("returned", "reason"), [(None, "got None"), (float("nan"), "nan"), ([1, 2, 3, 4], "[1, 2")]
    )
    def test_a_job_that_returns_no_value_fails(self, returned: Any, reason: str) -> None:
        with pytest.raises(FailureRateExceeded, match="All 2 runs failed"):
            sweep(lambda number, **_: returned, X, max_trials=2)
        assert [reason in str(trial.system_attrs["fail_reason"]) for trial in trials()] == [
            True
        ] * 2

    def test_a_job_that_is_killed_fails_and_the_sweep_goes_on(self) -> None:
        def job(number: int, x: str) -> float:
            if number == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return float(x)

        found = sweep(job, X, max_trials=4, n_jobs=2)
        assert [trial.state for trial in trials()] == [COMPLETE, FAIL, COMPLETE, COMPLETE]
        assert "SIGKILL" in str(trials()[1].system_attrs["fail_reason"])
        assert found["best_params"] is not None

    def test_too_many_failures_end_the_sweep(self) -> None:
        def job(number: int, x: str) -> float:
            if number >= 2:
                raise ValueError("no more")
            return float(x)

        with pytest.raises(FailureRateExceeded, match=r"2 of 4 runs failed.*no more"):
            sweep(job, X, max_trials=40, max_failure_rate=0.4)
        assert len(trials()) == 4
        assert yaml.safe_load(Path("optimization_results.yaml").read_text())["best_params"]


class TestStopping:
    def test_no_run_begins_once_the_file_is_deleted(self) -> None:
        def job(number: int, x: str) -> float:
            if number == 2:
                Path(STOP_FILE).unlink()
            return float(x)

        sweep(job, X, max_trials=20)
        assert [trial.state for trial in trials()] == [COMPLETE] * 3
        assert not Path(STOP_FILE).exists()

    def test_runs_that_have_begun_come_to_their_end(self, folder: Path) -> None:
        def job(number: int, x: str) -> float:
            if number == 0:
                while not Path("second").exists():
                    time.sleep(0.01)
                Path(STOP_FILE).unlink()
            else:
                Path("second").touch()
                while Path(STOP_FILE).exists():
                    time.sleep(0.01)
            return float(x)

        sweep(job, X, max_trials=20, n_jobs=2)
        assert [trial.state for trial in trials()] == [COMPLETE] * 2

    def test_the_file_goes_with_the_sweep(self) -> None:
        sweep(square, X, max_trials=1)
        assert not Path(STOP_FILE).exists()

    def test_after_the_time_no_run_begins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def job(number: int, x: str) -> float:
            if number == 2:
                Path("late").touch()
            return float(x)

        def clock() -> float:
            return 61.0 if Path("late").exists() else 1.0

        monkeypatch.setattr(_run, "Stop", partial(Stop, clock=clock))
        sweep(job, X, max_trials=20, max_duration_minutes=1)
        assert [trial.state for trial in trials()] == [COMPLETE] * 3

    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_a_signal_ends_it_cleanly(self, number: int, status: int) -> None:
        parent = os.getpid()

        def job(run: int, x: str) -> float:
            if run == 2:
                os.kill(parent, number)
                time.sleep(600)
            return float(x)

        with pytest.raises(SystemExit) as left:
            sweep(job, X, max_trials=20)
        assert left.value.code == status
        assert [trial.state for trial in trials()] == [COMPLETE, COMPLETE, FAIL]
        assert yaml.safe_load(Path("optimization_results.yaml").read_text())["best_params"]
        sweep(square, X, max_trials=4)  # what was cut short does not count, and is run again
        assert [trial.state for trial in trials()] == [COMPLETE, COMPLETE, FAIL, COMPLETE, COMPLETE]
        assert trials()[3].params == trials()[2].params


class TestResume:
    def test_the_same_command_goes_on_to_the_total(self) -> None:
        sweep(square, X, max_trials=3, min_trials_per_param=2)
        assert len(trials()) == 2
        sweep(square, X, max_trials=6, min_trials_per_param=2)
        assert sorted(runs_per_point().values()) == [2, 2, 2]
        found = sweep(square, X, max_trials=6, min_trials_per_param=2)
        assert len(trials()) == 6
        assert found["best_params"] is not None

    def test_a_resumed_sweep_is_the_one_that_was_not_stopped(self) -> None:
        for total in (2, 5, 12):
            sweep(square, X, max_trials=total, sampler="tpe", study_name="parts")
        sweep(square, X, max_trials=12, sampler="tpe", study_name="whole")
        assert [t.params for t in trials("parts")] == [t.params for t in trials("whole")]

    def test_job_numbers_go_on(self) -> None:
        sweep(lambda number, **_: float(number), X, max_trials=2)
        sweep(lambda number, **_: float(number), X, max_trials=4)
        assert [trial.value for trial in trials()] == [0.0, 1.0, 2.0, 3.0]
        assert [trial.user_attrs["job"] for trial in trials()] == [0, 1, 2, 3]

    def test_what_a_killed_sweep_left_running_is_ended_and_run_again(self) -> None:
        child = os.fork()
        if child == 0:
            try:
                sweep(_stays, X, max_trials=4, min_trials_per_param=2)
            finally:
                os._exit(1)
        while not Path("running").exists():
            time.sleep(0.01)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sweep(square, X, max_trials=1, min_trials_per_param=2)  # begins none, and yet ends it
        assert [trial.state for trial in trials()] == [COMPLETE, FAIL]
        sweep(square, X, max_trials=4, min_trials_per_param=2)
        states = [trial.state for trial in trials()]
        assert states == [COMPLETE, FAIL, COMPLETE, COMPLETE, COMPLETE]
        assert sorted(runs_per_point().values()) == [2, 2]

    def test_a_study_that_another_sweep_uses(self) -> None:
        opened = create_study(study_name="s", storage="sqlite:///s.db")
        lease = Lease(60.0, worker_id())
        opened.storage.start(opened.study_id, Draft(), lease)
        with pytest.raises(WrongStatus, match="is in use: trial 0"):
            sweep(square, X)
        opened.storage.close()

    @pytest.mark.parametrize("other", [CHOICE, {"x": {"type": "float", "low": 0.0, "high": 2.0}}])
    def test_a_study_of_another_space(self, other: dict[str, Any]) -> None:
        sweep(square, X, max_trials=1)
        with pytest.raises(InvalidArgument, match="another name than 's', or the search space"):
            sweep(square, other, max_trials=2)
        assert len(trials()) == 1

    def test_a_study_that_was_made_by_another_door(self) -> None:
        opened = create_study(study_name="s", storage="sqlite:///s.db")
        opened.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=1)
        opened.storage.close()
        with pytest.raises(InvalidArgument, match="another name than 's'"):
            sweep(square, CHOICE, max_trials=2)
        sweep(square, X, max_trials=2)
        assert len(trials()) == 2

    def test_a_study_of_another_direction(self) -> None:
        sweep(square, X, max_trials=1)
        with pytest.raises(InvalidArgument, match="those of the existing study"):
            sweep(square, X, max_trials=2, direction="maximize")


def _stays(number: int, x: str) -> float:
    if number == 1:
        Path("running").touch()
        time.sleep(600)
    return float(x)


class TestReports:
    def test_a_pruner_ends_what_is_clearly_worse(self) -> None:
        def job(number: int, x: str) -> float:
            for step in range(4):
                report(float(number), step)
            return float(number)

        pruner = {"_target_": "trimtab.pruners.MedianPruner", "n_startup_trials": 2}
        found = sweep(job, X, max_trials=6, pruner=pruner)
        assert [trial.state for trial in trials()] == [COMPLETE, COMPLETE, *[PRUNED] * 4]
        assert found["trials"] == [0]
        assert len(trials()[0].intermediate_values) == 4

    def test_a_job_may_prune_itself(self) -> None:
        def job(number: int, x: str) -> float:
            if number == 1:
                raise TrialPruned("by itself")
            return float(x)

        sweep(job, X, max_trials=3)
        assert [trial.state for trial in trials()] == [COMPLETE, PRUNED, COMPLETE]

    def test_a_trial_that_someone_else_ends(self) -> None:
        def job(number: int, x: str) -> float:
            if number == 1:
                opened = study()
                opened.tell(1, 7.0)
                opened.storage.close()
                report(0.5, 1)
                raise AssertionError("it went on")
            return float(x)

        sweep(job, X, max_trials=3)
        assert [trial.state for trial in trials()] == [COMPLETE] * 4
        assert trials()[1].value == 7.0

    @pytest.mark.parametrize("value", [float("nan"), {"a": float("nan")}])
    def test_nan_may_be_reported(self, value: Any) -> None:
        def job(number: int, x: str) -> float:
            report(value, 1)
            return float(x)

        sweep(job, X, max_trials=1, pruner="median")
        assert trials()[0].state is COMPLETE
        assert 1 in trials()[0].reports

    def test_what_cannot_be_reported_fails_the_run(self) -> None:
        def job(number: int, x: str) -> float:
            if number == 0:
                report(0.5, 1)  # of which objective?
            report({"loss": 0.5}, 1)
            return [0.5, 0.5]  # type: ignore[return-value]

        sweep(job, X, max_trials=2, direction=["minimize", "minimize"])
        assert [trial.state for trial in trials()] == [FAIL, COMPLETE]
        assert "pass `metric=`" in str(trials()[0].system_attrs["fail_reason"])

    def test_without_a_pruner_reports_are_kept(self) -> None:
        def job(number: int, x: str) -> float:
            report({"loss": 0.5, "accuracy": 0.9}, 1)
            return float(x)

        sweep(job, X, max_trials=1)
        assert dict(trials()[0].reports[1].metrics) == {"loss": 0.5, "accuracy": 0.9}


class TestSeveralObjectives:
    def test_solutions_are_the_front(self) -> None:
        def job(number: int, x: str) -> list[float]:
            return [float(x), 1.0 - float(x)]

        found = sweep(job, X, max_trials=4, direction=["minimize", "minimize"], sampler="nsgaii")
        assert len(found["solutions"]) == 4
        assert yaml.safe_load(Path("optimization_results.yaml").read_text()) == found

    def test_metrics_by_name(self) -> None:
        sweep(
            lambda number, x: {"b": 1.0, "a": 2.0, "c": 3.0},
            X,
            max_trials=1,
            direction=["minimize", "maximize"],
            metric=["a", "c"],
        )
        (trial,) = trials()
        assert trial.values == (2.0, 3.0)
        assert trial.user_attrs["metrics"] == {"a": 2.0, "b": 1.0, "c": 3.0}


class TestOptions:
    def test_the_direction(self) -> None:
        found = sweep(lambda number, kind: {"a": 1.0, "b": 2.0}[kind], CHOICE, direction="maximize")
        assert (found["best_params"], found["best_value"]) == ({"kind": "b"}, 2.0)

    def test_constraints_hold_for_every_run(self) -> None:
        space = {**X, "y": {"type": "float", "low": 0.0, "high": 1.0}}
        sweep(lambda number, **_: 1.0, space, max_trials=8, constraints=["x + y <= 0.5"])
        assert len(trials()) == 8
        assert all(t.params["x"] + t.params["y"] <= 0.5 for t in trials())

    @pytest.mark.parametrize(
        ("constraint", "says"),
        [("x <= z", "a parameter, one of"), ("x >= 2", "some point"), ("x < 1", "'<=' or '>='")],
    )
    def test_constraints_that_cannot_be(self, constraint: str, says: str) -> None:
        with pytest.raises(InvalidArgument, match=says):
            sweep(square, X, constraints=[constraint])

    def test_a_seed_may_be_an_override(self) -> None:
        sweep(lambda number, seed, **_: float(seed), X, max_trials=2, seed_key="++seed")
        assert [trial.value for trial in trials()] == [t.user_attrs["seed"] for t in trials()]

    def test_a_custom_search_space(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(folder)
        (folder / "custom_space_of_a_sweep.py").write_text(
            "def extend(config, trial):\n"
            "    if trial.params['kind'] == 'a':\n"
            "        trial.suggest_int('layers', 1, 3)\n"
        )

        def job(number: int, kind: str, layers: str = "none") -> float:
            return 0.0 if (kind == "a") == (layers != "none") else 1.0

        path = "custom_space_of_a_sweep.extend"
        keys = {"min_trials_per_param": 2, "custom_search_space": path}
        sweep(job, CHOICE, max_trials=8, **keys)
        assert [trial.value for trial in trials()] == [0.0] * len(trials())
        assert {len(trial.params) for trial in trials()} == {1, 2}
        assert min(runs_per_point().values()) >= 2

    @pytest.mark.parametrize("path", ["extend", "no_such_module.extend", "os.no_such_function"])
    def test_a_custom_search_space_that_is_not_there(self, path: str) -> None:
        with pytest.raises(InvalidArgument, match=r"module\.function"):
            sweep(square, X, custom_search_space=path)

    def test_what_someone_queues_is_run(self) -> None:
        sweep(square, X, max_trials=1)
        opened: Study = study()
        opened.enqueue_trial({"x": 0.25})
        opened.storage.close()
        found = sweep(square, X, max_trials=3)
        assert found["best_params"] == {"x": 0.25}

    def test_what_is_queued_and_cannot_be_run_fails(self) -> None:
        sweep(square, CHOICE, max_trials=1, min_trials_per_param=1)
        opened = study()
        opened.enqueue_trial({"kind": "c"})
        opened.storage.close()
        sweep(square, CHOICE, max_trials=4)
        assert sorted(runs_per_point().values()) == [1, 1]
        assert "'c'" in str(trials()[1].system_attrs["fail_reason"])

    def test_it_is_seen_while_it_runs(self) -> None:
        def job(number: int, x: str) -> float:
            opened = study()
            (seen,) = [t for t in opened.trials if t.state is TrialState.RUNNING]
            opened.storage.close()
            return float(seen.number == number and str(seen.params["x"]) == x)

        sweep(job, X, max_trials=2)
        assert [trial.value for trial in trials()] == [1.0, 1.0]


class TestFiles:
    def test_results(self) -> None:
        found = sweep(square, CHOICE, max_trials=4, min_trials_per_param=2, figures=True)
        assert yaml.safe_load(Path("optimization_results.yaml").read_text()) == found
        assert found == {
            "name": "trimtab",
            "study_name": "s",
            "best_params": {"kind": "a"},
            "best_value": 0.0625,
            "best_sem": 0.0,
            "runs": 2,
            "trials": [t.number for t in trials() if t.params == {"kind": "a"}],
        }
        with Path("trials.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [row["params_kind"] for row in rows] == [t.params["kind"] for t in trials()]
        assert {path.name for path in Path("figures").iterdir()} == {
            "optimization_history.html",
            "parallel_coordinate.html",
            "param_importances.html",
            "plotly.min.js",
            "slice.html",
            "timeline.html",
        }

    def test_without_a_study_name_all_is_in_the_sweep_directory(self) -> None:
        sweep(square, X, max_trials=1, study_name=None)
        assert len(trials("program")) == 1

    def test_another_storage(self) -> None:
        sweep(square, X, max_trials=1, storage="sqlite:///mine.db", study_name="other")
        assert Path("mine.db").exists()
        assert not Path("other.db").exists()
