"""Trials of workers that died while others ran."""

import os
import socket
import time
from pathlib import Path

import pytest

import trimtab
from trimtab.samplers import GridSampler, RandomSampler, Sampler
from trimtab.storage import Lease
from trimtab.study import Study
from trimtab.study.leases import LeaseKeeper, is_dead, reclaim_dead, worker_id
from trimtab.trial import Trial, TrialState


def dead_worker() -> str:
    """Of this host, with our process id, but of another birth."""
    return f"{socket.gethostname()}/{os.getpid()}/0"


def leave(study: Study) -> None:
    """Begin a trial, and die."""
    study.asker.ask(Lease(1e6, dead_worker()), buffered=True)


def test_who_is_dead() -> None:
    assert is_dead(dead_worker())
    assert not is_dead(worker_id())
    assert not is_dead(f"elsewhere/{os.getpid()}/0")
    assert not is_dead("a person")


@pytest.mark.parametrize(
    ("sampler", "total"), [(RandomSampler(seed=0), 3), (GridSampler({"x": [0.0, 0.5, 1.0]}), None)]
)
def test_the_last_worker_leaves_nothing_behind(
    tmp_path: Path, sampler: Sampler, total: int | None
) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    study = trimtab.create_study(storage=url, sampler=sampler)

    def objective(trial: Trial) -> float:
        if trial.number == 0:
            leave(trimtab.load_study(study_name=None, storage=url, sampler=sampler))
        return trial.suggest_float("x", 0.0, 1.0)

    study.optimize(objective, total_trials=total)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 3
    assert study.get_trial(1).attempt == 2


def test_a_worker_notices_while_it_runs(tmp_path: Path) -> None:
    study = trimtab.create_study(storage=f"sqlite:///{tmp_path}/study.db")
    leave(study)
    with LeaseKeeper(study.storage, study.study_id, 0.03):
        deadline = time.monotonic() + 20.0
        while (taken := study.storage.start(study.study_id, None, Lease())) is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert taken.attempt == 2
    assert reclaim_dead(study.storage, study.study_id) == 0
