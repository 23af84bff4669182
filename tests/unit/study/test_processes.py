"""Worker processes that crash, hang, raise, and are replaced."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import pytest

import trimtab
from trimtab.errors import InvalidArgument
from trimtab.samplers import RandomSampler
from trimtab.study import Study
from trimtab.trial import Trial, TrialState


def make() -> Study:
    return trimtab.create_study(sampler=RandomSampler(seed=0))


def test_everything_a_trial_can_do_works_in_another_process() -> None:
    study = make()

    def objective(trial: Any) -> Any:
        x = trial.suggest_float("x", 0.0, 1.0)
        n = trial.suggest_int("n", 1, 9, log=True)
        kind = trial.suggest_categorical("kind", ["a", None, 1.5])
        trial.report(x, 0)
        trial.set_user_attr("pid", os.getpid())
        trial.set_constraint("c", -1.0)
        assert trial.params == {"x": x, "n": n, "kind": kind}
        assert trial.study.study_name
        assert set(trial.relative_params) <= {"x", "n", "kind"}
        assert trial.study.get_trial(trial.number).state is TrialState.RUNNING
        done = trial.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        assert all(other.value is not None for other in done)
        assert len(trial.study.get_trials()) > trial.number
        if trial.should_prune():
            raise trimtab.TrialPruned
        if trial.number == 2:
            raise trimtab.TrialPruned("enough")
        if trial.number == 4:
            trial.study.stop()
        return trimtab.Measurement(x, 0.5)

    study.optimize(objective, n_trials=50, n_jobs=2, executor="process")
    pids = {t.user_attrs["pid"] for t in study.trials}
    assert os.getpid() not in pids
    assert 5 <= len(study.trials) < 50  # the other worker may have begun some meanwhile
    first = study.trials[0]
    assert first.sems == (0.5,)
    assert (first.constraints, list(first.intermediate_values)) == ({"c": -1.0}, [0])
    assert study.trials[2].state is TrialState.PRUNED


def test_a_crashed_worker_is_replaced_and_its_trial_run_again() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr(f"x in attempt {trial.attempt}", x)
        if trial.number == 1 and trial.attempt < 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return x

    study.optimize(objective, n_trials=4, n_jobs=2, executor="process", max_retries=2)
    assert [t.state.name for t in study.trials] == ["COMPLETE"] * 4
    assert [t.attempt for t in study.trials] == [1, 3, 1, 1]
    attempts = study.trials[1].user_attrs
    assert len(attempts) == 3
    assert set(attempts.values()) == {study.trials[1].params["x"]}


def test_a_trial_that_kills_every_worker_fails() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        if trial.number == 0:
            os._exit(7)
        return 1.0

    study.optimize(objective, n_trials=2, executor="process", max_retries=1)
    assert [t.state.name for t in study.trials] == ["FAIL", "COMPLETE"]
    reason = study.trials[0].system_attrs["fail_reason"]
    assert "attempt 2" in reason
    assert "status 7" in reason


def test_a_worker_that_hangs_is_killed() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        if trial.number == 0:
            time.sleep(600)
        return 1.0

    began = time.monotonic()
    study.optimize(objective, n_trials=3, n_jobs=2, executor="process", trial_timeout=2.0)
    assert time.monotonic() - began < 100
    assert [t.state.name for t in study.trials] == ["FAIL", "COMPLETE", "COMPLETE"]


def test_an_exception_comes_back_with_the_worker_s_traceback() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        raise KeyError("missing")

    with pytest.raises(KeyError, match="missing") as caught:
        study.optimize(objective, n_trials=3, executor="process")
    assert any("In a worker process" in note for note in caught.value.__notes__)
    assert [t.state.name for t in study.trials] == ["FAIL"]
    study.optimize(objective, n_trials=2, executor="process", catch=KeyError)
    assert len(study.trials) == 3


def test_an_error_of_the_study_is_raised_in_the_objective() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        with pytest.raises(InvalidArgument, match="`low`"):
            trial.suggest_float("x", 1.0, 0.0)
        try:
            trial.report("no", 0)  # type: ignore[arg-type]  # wrong on purpose
        except TypeError:
            return 1.0
        return 2.0

    study.optimize(objective, n_trials=1, executor="process")
    assert study.best_value == 1.0


def test_an_objective_that_cannot_be_sent_is_refused() -> None:
    import threading

    lock = threading.Lock()

    def objective(trial: Trial) -> float:
        with lock:
            return 1.0

    study = make()
    with pytest.raises(InvalidArgument, match="cloudpickle"):
        study.optimize(objective, n_trials=1, executor="process")
    assert study.trials == []


class Awkward(Exception):
    """Is pickled, but not unpickled: it is made from more than it keeps."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def test_an_exception_that_cannot_be_sent_fails_its_trial_only() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        if trial.number == 0:
            raise Awkward(3, "no luck")
        return 1.0

    study.optimize(objective, n_trials=2, executor="process", catch=Exception)
    assert [t.state for t in study.trials] == [TrialState.FAIL, TrialState.COMPLETE]
    assert study.trials[0].system_attrs["fail_reason"] == "RuntimeError: Awkward: no luck"


def test_a_result_that_cannot_be_sent_fails_its_trial_at_once() -> None:
    study = make()
    study.optimize(lambda trial: threading.Lock(), n_trials=1, executor="process", catch=TypeError)
    (trial,) = study.trials
    assert (trial.state, trial.attempt) == (TrialState.FAIL, 1)
    assert "cannot be sent" in trial.system_attrs["fail_reason"]


def test_threads_of_an_objective_share_the_line_to_the_study() -> None:
    study = make()

    def objective(trial: Trial) -> float:
        def report(name: str) -> None:
            for i in range(200):
                if trial.suggest_int(name, 0, 0) != 0 or trial.params.get(name) != 0:
                    wrong.append(name)
                trial.set_user_attr(name, i)

        wrong: list[str] = []
        threads = [threading.Thread(target=report, args=(f"t{i}",)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return float(len(wrong))

    study.optimize(objective, n_trials=1, executor="process", trial_timeout=30.0, max_retries=0)
    assert study.trials[0].values == (0.0,)
    assert study.trials[0].user_attrs == {f"t{i}": 199 for i in range(4)}
