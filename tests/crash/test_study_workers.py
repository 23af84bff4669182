"""Several processes at one study: killed, stopped, resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import trimtab
from trimtab.samplers import RandomSampler, TPESampler
from trimtab.study import Study
from trimtab.trial import Trial, TrialState

WORKER = """
import sys, time
import trimtab

trimtab.logging.set_verbosity(trimtab.logging.ERROR)
url, total, pause, lease = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])

def objective(trial):
    x = trial.suggest_float("x", 0.0, 1.0)
    if trial.number % 3 == 0:
        x += trial.suggest_int("extra", 1, 1_000_000)
    print(trial.number, flush=True)
    time.sleep(pause)
    return x

study = trimtab.load_study(
    study_name="s", storage=url, sampler=trimtab.samplers.RandomSampler(seed=7)
)
study.optimize(objective, total_trials=total, lease=lease)
print("done", flush=True)
"""


def start(url: str, total: int, pause: float, lease: float = 60.0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, url, str(total), str(pause), str(lease)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def study_at(url: str) -> Study:
    return trimtab.create_study(study_name="s", storage=url, load_if_exists=True)


def await_line(worker: subprocess.Popen[str]) -> str:
    if worker.stdout is None:
        raise AssertionError("the worker has no output")
    return worker.stdout.readline().strip()


def test_a_total_is_shared_by_processes_and_no_two_draw_alike(sqlite_url: str) -> None:
    study = study_at(sqlite_url)
    workers = [start(sqlite_url, 60, 0.002) for _ in range(4)]
    for worker in workers:
        out, _ = worker.communicate(timeout=90)
        assert worker.returncode == 0
        assert out.endswith("done\n")
    trials = study.trials
    assert len(trials) == 60
    assert all(t.state is TrialState.COMPLETE for t in trials)
    drawn = [t.params["x"] for t in trials]
    assert len(set(drawn)) == 60


def test_numbers_alone_decide_what_a_seeded_worker_draws(sqlite_url: str) -> None:
    def objective(trial: Trial) -> float:
        return trial.suggest_float("x", 0.0, 1.0)

    alone = trimtab.create_study(sampler=RandomSampler(seed=7))
    alone.optimize(objective, n_trials=40)
    study = study_at(sqlite_url)
    study.sampler = RandomSampler(seed=7)
    study.optimize(objective, n_trials=5)
    others = [start(sqlite_url, 40, 0.001) for _ in range(3)]
    for worker in others:
        worker.communicate(timeout=90)
    expected = [t.params["x"] for t in alone.trials]
    assert [t.params["x"] for t in study.trials] == expected


def test_a_killed_worker_s_trial_is_taken_up_at_once(sqlite_url: str) -> None:
    study = study_at(sqlite_url)
    victim = start(sqlite_url, 4, 60.0)
    assert await_line(victim) == "0"
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    assert study.get_trial(0).state is TrialState.RUNNING
    heir = start(sqlite_url, 4, 0.0)
    out, _ = heir.communicate(timeout=60)
    assert sorted(out.split()[:-1]) == ["0", "1", "2", "3"]
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 4
    assert [t.attempt for t in study.trials] == [2, 1, 1, 1]


@pytest.mark.slow
def test_a_worker_that_sleeps_past_its_lease_is_not_believed(sqlite_url: str) -> None:
    study = study_at(sqlite_url)
    sleeper = start(sqlite_url, 3, 5.0, lease=1.5)
    assert await_line(sleeper) == "0"
    os.kill(sleeper.pid, signal.SIGSTOP)
    time.sleep(2.0)
    heir = start(sqlite_url, 3, 0.0, lease=1.5)
    heir.communicate(timeout=60)
    assert study.get_trial(0).attempt == 2
    stored = study.get_trial(0)
    os.kill(sleeper.pid, signal.SIGCONT)
    out, _ = sleeper.communicate(timeout=60)
    assert sleeper.returncode == 0
    assert out.endswith("done\n")
    assert study.get_trial(0) == stored
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 3


def test_a_resumed_tpe_study_goes_on_as_an_uninterrupted_one(tmp_path: Path) -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 1e-3, 1.0, log=True)
        kind = trial.suggest_categorical("kind", ["a", "b", "c"])
        extra = trial.suggest_int("n", 1, 9) if kind == "a" else 0
        return x + extra

    def run(name: str, stops: list[int]) -> list[object]:
        url = f"sqlite:///{tmp_path / name}"
        for stop in stops:
            study = trimtab.create_study(
                study_name="s", storage=url, load_if_exists=True, sampler=TPESampler(seed=5)
            )
            study.optimize(objective, total_trials=stop)
            study.storage.close()
        return [t.params for t in study_at(url).trials]

    assert run("whole.db", [30]) == run("parts.db", [3, 11, 12, 30])
