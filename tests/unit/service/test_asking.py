"""Clients that ask at one moment are told different arms."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from trimtab.experiment.asking import _keep_apart
from trimtab.records import TrialUpdate
from trimtab.service import Client

N_PROCESSES, N_ARMS = 4, 24

WORKER = """
import sys
from trimtab.service import Client
client = Client(storage=sys.argv[1])
client.load_experiment("lab")
for _ in range(int(sys.argv[2])):
    sys.stdin.readline()  # all of them ask at one moment
    parameters, index = client.get_next_trial()
    if index % 3:
        client.complete_trial(index, (parameters["n"] - 5.0) ** 2)
    print(parameters["n"], flush=True)
"""


def lab(storage: str | None = None) -> Client:
    made = Client(storage=storage, random_seed=2)
    made.create_experiment(
        [{"name": "n", "type": "range", "bounds": [1, N_ARMS]}],
        "lab",
        objective_name="loss",
        minimize=True,
    )
    return made


@pytest.mark.slow
def test_processes_that_ask_at_one_moment_get_each_arm_of_a_space_once(sqlite_url: str) -> None:
    lab(sqlite_url)
    arguments = [sys.executable, "-c", WORKER, sqlite_url, str(N_ARMS // N_PROCESSES)]
    workers = [
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(N_PROCESSES)
    ]
    told: list[int] = []
    try:
        for _ in range(N_ARMS // N_PROCESSES):
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write("\n")
                worker.stdin.flush()
            for worker in workers:
                assert worker.stdout is not None
                told.append(int(worker.stdout.readline()))
    finally:
        for worker in workers:
            worker.communicate(timeout=30)
    assert sorted(told) == list(range(1, N_ARMS + 1))


def set_arm(client: Client, number: int, n: int) -> None:
    """What another process writes over the arm that a trial began with."""
    study = client.experiment.study
    row = study.get_trial(number)
    study.storage.write(study.study_id, number, None, TrialUpdate(row.space, (n,)))


def arms(client: Client) -> list[int]:
    return [trial.params["n"] for trial in client.experiment.study.trials]


@pytest.mark.parametrize("number", [0, 1])
def test_an_arm_that_was_written_over_another_yields(number: int) -> None:
    client = lab()
    for _ in range(3):
        client.get_next_trial()
    set_arm(client, number, arms(client)[2])
    before = arms(client)
    _keep_apart(client.experiment.study, client.experiment.sampler, number, moved=True)
    after = arms(client)
    assert len(set(after)) == 3
    assert [i for i in range(3) if after[i] != before[i]] == [number]


def test_an_arm_that_was_written_with_its_trial_yields_to_those_before_it() -> None:
    client = lab()
    for _ in range(3):
        client.get_next_trial()
    set_arm(client, 1, arms(client)[2])
    study, sampler = client.experiment.study, client.experiment.sampler
    before = arms(client)
    _keep_apart(study, sampler, 1, moved=False)  # the other one is later, and will see this one
    assert arms(client) == before
    _keep_apart(study, sampler, 2, moved=False)
    assert len(set(arms(client))) == 3
    assert arms(client)[1] == before[1]


def test_what_a_person_wants_is_not_moved() -> None:
    client = lab()
    parameters, _ = client.get_next_trial()
    client.experiment.study.enqueue_trial(parameters)
    assert client.get_next_trial() == (parameters, 1)


def test_the_last_arm_is_repeated_where_none_is_left() -> None:
    client = lab()
    for _ in range(N_ARMS):
        client.get_next_trial()
    set_arm(client, 3, arms(client)[4])
    missing = (set(range(1, N_ARMS + 1)) - set(arms(client))).pop()
    client.attach_trial({"n": missing})
    before = arms(client)
    _keep_apart(client.experiment.study, client.experiment.sampler, 3, moved=True)
    assert arms(client) == before


def test_two_that_see_each_other_come_apart() -> None:
    """Both move, again and again at the same moment, until they are apart."""
    client = lab()
    for _ in range(2):
        client.get_next_trial()
    set_arm(client, 1, arms(client)[0])
    study, sampler = client.experiment.study, client.experiment.sampler
    both = [
        threading.Thread(target=_keep_apart, args=(study, sampler, number, True))
        for number in (0, 1)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert len(set(arms(client))) == 2
