"""`Study.optimize`: the loop in this thread, in several, or over worker processes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from numbers import Integral
from typing import TYPE_CHECKING, Any

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.storage import InMemoryStorage
from trimtab.study.goal import keep_goal
from trimtab.study.leases import LeaseKeeper, reclaim_dead
from trimtab.study.limits import Limits
from trimtab.study.loop import Loop

if TYPE_CHECKING:
    from trimtab.study.study import Callback, Objective, Study


def optimize(
    study: Study,
    func: Objective,
    limits: Limits,
    *,
    n_jobs: int,
    executor: str,
    catch: Iterable[type[Exception]] | type[Exception],
    callbacks: tuple[Callback, ...],
    gc_after_trial: bool,
    show_progress_bar: bool,
) -> None:
    """Run a study; see `Study.optimize`, which documents the arguments."""
    if study._in_loop():
        raise RuntimeError("`Study.optimize` cannot be called from inside an objective.")
    if not callable(func):
        raise InvalidType("func", "a callable", func)
    for callback in callbacks:
        if not callable(callback):
            raise InvalidType("callbacks", "callables", callback)
    if executor not in ("thread", "process"):
        raise InvalidArgument("executor", "'thread' or 'process'", executor)
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral):
        raise InvalidType("n_jobs", "an integer", n_jobs)
    if n_jobs == -1:
        n_jobs = os.cpu_count() or 1
    if n_jobs < 1:
        raise InvalidArgument("n_jobs", "at least 1, or -1", n_jobs)
    from trimtab.study.progress import Progress

    caught = _caught(catch)
    progress = Progress(study, limits) if show_progress_bar else None
    processes = executor == "process"
    loop = Loop(study, func, limits, caught, callbacks, gc_after_trial, progress, processes)
    study._stop.clear()
    if not isinstance(study.storage, InMemoryStorage):
        reclaim_dead(study.storage, study.study_id)
        keep_goal(study, limits)
        loop.keeper = LeaseKeeper(study.storage, study.study_id, limits.lease)
    try:
        if loop.keeper is not None:
            loop.keeper.__enter__()
        study._loop.running = True
        if progress is not None:
            progress.start()
        if processes:
            from trimtab.study.processes import run_in_processes

            run_in_processes(loop, n_jobs)
        elif n_jobs == 1:
            while loop.budget.take() and loop.run_one():
                pass
        else:
            _run_in_threads(loop, n_jobs)
    finally:
        study._loop.running = False
        if loop.keeper is not None:
            loop.keeper.__exit__(None, None, None)
        if progress is not None:
            progress.close()


def _run_in_threads(loop: Loop, n_jobs: int) -> None:
    def work() -> bool:
        loop.study._loop.running = True
        return loop.run_one()

    futures: set[Future[bool]] = set()
    with ThreadPoolExecutor(n_jobs, thread_name_prefix="trimtab") as pool:
        try:
            more = True
            while more or futures:
                while more and len(futures) < n_jobs:
                    more = loop.budget.take()
                    if more:
                        futures.add(pool.submit(work))
                done, futures = wait(futures, return_when=FIRST_COMPLETED)
                for future in done:
                    more = future.result() and more
        except BaseException:
            loop.study._stop.set()
            raise


def _caught(catch: Any) -> tuple[type[BaseException], ...]:
    kinds = (catch,) if isinstance(catch, type) else tuple(catch)
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise InvalidType("catch", "exception classes", kind)
    return kinds
