"""Worker processes that may be killed at any moment."""

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

from trimtab.errors import StaleAttempt, StorageFull
from trimtab.records import Outcome, Report, TrialState, TrialUpdate
from trimtab.space import FloatDistribution, Space
from trimtab.storage import Draft, Lease, open_storage

SPACE = Space({"x": FloatDistribution(0.0, 1.0)})
# A server that has this module loaded and forks: a child is there in milliseconds.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.crash.children", "trimtab.storage.sql"])


@contextmanager
def child(target: Callable[..., None], *arguments: Any) -> Iterator[tuple[Any, Connection]]:
    """A process that runs ``target(connection, *arguments)``, and our end of the connection."""
    ours, theirs = CONTEXT.Pipe()
    process: ForkServerProcess = CONTEXT.Process(target=target, args=(theirs, *arguments))
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()
        ours.close()


def acknowledge_all(connection: Connection, url: str, study_id: int) -> None:
    """Ask, report and tell for ever; say so after each call that returned."""
    with open_storage(url) as storage:
        lease = Lease(0.05, f"process {os.getpid()}", max_attempts=10_000)
        while True:
            trial = storage.start(study_id, Draft(SPACE, (0.5,)), lease)
            assert trial is not None
            number, attempt = trial.number, trial.attempt
            connection.send(("started", number, attempt))
            try:
                report = Report(attempt, {"value": float(number)}, "kept")
                storage.write(study_id, number, attempt, TrialUpdate(reports=(report,)))
                connection.send(("reported", number, attempt))
                storage.finish(study_id, number, attempt, end_of(number))
            except StaleAttempt:  # we were slower than our lease
                continue
            connection.send(("finished", number, attempt))


def end_of(number: int) -> Outcome:
    """How a trial ends."""
    return Outcome(TrialState.COMPLETE, (number / 7.0,))


def work(connection: Connection, url: str, study_id: int, n_trials: int) -> None:
    """Run some trials; send their numbers, or the error."""
    try:
        numbers = []
        with open_storage(url) as storage:
            for _ in range(n_trials):
                storage.history(study_id)
                trial = storage.start(study_id, Draft(SPACE, (0.5,)), Lease(600.0))
                assert trial is not None
                storage.finish(study_id, trial.number, trial.attempt, end_of(trial.number))
                numbers.append(trial.number)
        connection.send(numbers)
    except BaseException as error:
        connection.send(repr(error))
        raise


def be_late(connection: Connection, url: str, study_id: int) -> None:
    """Start a trial; tell it when told to; send what came of it."""
    with open_storage(url) as storage:
        trial = storage.start(study_id, Draft(SPACE, (0.5,)), Lease(0.3, "sleeper"))
        assert trial is not None
        connection.send(trial.number)
        connection.recv()
        try:
            storage.finish(study_id, trial.number, trial.attempt, end_of(trial.number))
        except StaleAttempt as error:
            connection.send(error)
        else:
            connection.send("believed")


def fill(connection: Connection, url: str, study_id: int, limit: int) -> None:
    """Write into files that may not grow, then into files that may."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    acknowledged = []
    with open_storage(url) as storage:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            for _ in range(100_000):
                trial = storage.start(
                    study_id, Draft(SPACE, (0.5,), {"ballast": "b" * 5000}), Lease()
                )
                assert trial is not None
                acknowledged.append(trial.number)
            connection.send("never full")
        except StorageFull as error:
            connection.send((str(error), acknowledged))
        readable = len(list(storage.history(study_id).trials()))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        trial = storage.start(study_id, Draft(SPACE, (0.5,)), Lease())
        connection.send((readable, trial and trial.number))


def create(connection: Connection, url: str, name: str) -> None:
    """Open a database that may not have its tables yet; add a trial to a study of one name."""
    from trimtab.errors import DuplicateStudy
    from trimtab.records import parse_directions

    connection.recv()  # all at once
    try:
        with open_storage(url) as storage:
            try:
                study_id = storage.create_study(name, parse_directions("minimize")).id
            except DuplicateStudy:
                study_id = storage.find_study(name).id
            trial = storage.start(study_id, Draft(SPACE, (0.5,)), Lease())
        connection.send(trial and trial.number)
    except BaseException as error:
        connection.send(repr(error))
        raise
