"""One run: its parts put together, driven, and let go of."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from trimtab.errors import DuplicateStudy, InvalidArgument
from trimtab.records import VALUE, StudyDirection
from trimtab.samplers.adapter import as_sampler
from trimtab.samplers.base import Streams
from trimtab.schedulers import NopPruner, Scheduler
from trimtab.schedulers.adapter import as_scheduler
from trimtab.storage import Storage, open_storage
from trimtab.tune.callbacks import Telling, check_callbacks
from trimtab.tune.config import MODES, RunConfig, TuneConfig
from trimtab.tune.controller import Controller, Limits
from trimtab.tune.course import Course, Terms
from trimtab.tune.executors import Executor, InlineExecutor, ProcessExecutor
from trimtab.tune.folder import DATABASE
from trimtab.tune.journal import Journal
from trimtab.tune.judge import Judge
from trimtab.tune.members import Phase, Saved
from trimtab.tune.naming import Naming
from trimtab.tune.population import Population, Resumes
from trimtab.tune.progress import Progress
from trimtab.tune.results import ResultGrid
from trimtab.tune.retention import Retention
from trimtab.tune.search import concurrency_of
from trimtab.tune.space import ParamSpace
from trimtab.tune.stoppers import as_stopper
from trimtab.tune.trainable import Needs, name_of
from trimtab.tune.watch import Watch

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
EXECUTORS: Final = ("process", "inline", "ray")

_logger = logging.getLogger(__name__)


class Run:
    """A run, begun or taken up again.

    Args:
        name: Its name, which is its study's, too.
        path: Its folder.
        trainable: What is trained.
        param_space: What configs may be; None where that could not be stored.
        tune: What is tuned and how.
        config: Where it is kept and when it ends.
        resumes: What goes on of a run that was begun before; None: it begins.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        trainable: Any,
        param_space: ParamSpace | None,
        tune: TuneConfig,
        config: RunConfig,
        resumes: Resumes | None = None,
    ) -> None:
        self._name = name
        self._path = path
        self._trainable = trainable
        self._space = param_space
        self._tune = tune
        self._config = config
        self._resumes = resumes
        self._sampler = None if tune.search_alg is None else as_sampler(tune.search_alg)
        if self._sampler is not None and self._sampler.seed is None:
            self._sampler.seed = tune.seed
            self._sampler.streams = Streams(tune.seed)
        self._metric, self._direction, self._scheduler = objective_of(tune, scheduler_of(tune))
        self._executor = executor_of(tune.executor)
        self._needs = Needs(trainable, tune.resources_per_trial)
        if self._needs.same is not None:
            self._executor.check(self._needs.same)

    def go(self) -> ResultGrid:
        """Drive it to its end."""
        storage = storage_of(self._path, self._config)
        study_id = self._study_in(storage)
        results = ResultGrid(storage, study_id, self._path, self._metric, mode_of(self._direction))
        journal = Journal(storage, study_id, self._metric, compares=self._scheduler.compares)
        population = Population(
            storage=storage,
            study_id=study_id,
            folder=self._path,
            param_space=self._space,
            num_samples=self._tune.num_samples,
            size=size_of(self._tune, self._scheduler),
            sampler=self._sampler,
            scheduler=self._scheduler,
            seed=self._tune.seed,
            naming=Naming(
                name_of(self._trainable),
                self._path,
                self._tune.trial_name_creator,
                self._tune.trial_dirname_creator,
            ),
            before_proposal=journal.flush,
        )
        progress = Progress(self._metric, self._direction, verbose=self._config.verbose)
        telling = Telling(self._config.callbacks)
        watch = Watch(results, progress, telling)
        controller = self._controller(journal, population, watch)
        with _interruptible(controller):
            self._executor.open(self._trainable, self._path, reuse=self._tune.reuse_actors)
            try:
                if self._resumes is not None:
                    population.take_up(self._resumes)
                if self._sampler is None or self._scheduler.needs_population:
                    population.fill()
                    if self._tune.num_samples != -1:
                        progress.total = len(results)
                telling.on_begin(self._name, self._path)
                progress.start()
                controller.run()
            finally:
                progress.close()
                telling.on_close()
                self._executor.close()
                if controller.is_interrupted:
                    told = "Interrupted; Tuner.restore(%r, ...) goes on."
                    _logger.warning(told, str(self._path))
        if self._config.failure_config.fail_fast == "raise" and results.errors:
            raise results.errors[0]
        return results

    def _study_in(self, storage: Storage) -> int:
        """The run's study; made where the run begins, or was cut off before it made one."""
        try:
            study = storage.create_study(self._name, (self._direction,))
        except DuplicateStudy:
            if self._resumes is None:
                raise
            study = storage.find_study(self._name)
        if self._metric is not None and study.metric_names is None:
            storage.update_study(study.id, metric_names=[self._metric])
        return study.id

    @classmethod
    def results_of(cls, name: str, path: Path, tune: TuneConfig, config: RunConfig) -> ResultGrid:
        """What came of a run so far."""
        storage = storage_of(path, config)
        record = storage.find_study(name)
        metric = None if record.metric_names is None else record.metric_names[0]
        return ResultGrid(storage, record.id, path, metric, mode_of(record.directions[0]))

    def _controller(self, journal: Journal, population: Population, watch: Watch) -> Controller:
        budget, kept = self._tune.time_budget_s, self._config.checkpoint_config
        failures = self._config.failure_config
        limits = Limits(
            concurrency_of(self._sampler, self._tune.max_concurrent_trials),
            None if budget is None else time.monotonic() + float(budget),  # type: ignore[arg-type]  # it is seconds by now
            failures.max_failures,
            bool(failures.fail_fast),
        )
        terms = Terms(
            self._name,
            kept.checkpoint_frequency,
            bool(kept.checkpoint_at_end),
            self._config.log_to_file,
            self._needs,
        )
        judge = Judge(
            self._scheduler,
            self._direction,
            as_stopper(self._config.stop),
            journal,
            self._tune.seed,
            has_deadline=limits.deadline is not None,
        )
        retention = Retention(
            kept, population.members, lambda: _needed(population), journal.once_written
        )
        if kept.max_bytes is not None:
            retention.count(population.kept())
        course = Course(population, self._executor, journal, judge, retention, terms, watch)
        return Controller(
            population, self._executor, journal, judge, course, limits, self._needs, watch
        )


def check_run(tune: TuneConfig, config: RunConfig) -> None:
    """Refuse what cannot be run, before anything is.

    Raises:
        InvalidArgument: If arguments contradict each other.
        InvalidType: If one is of no known kind.
    """
    objective_of(tune, scheduler_of(tune))
    if not isinstance(tune.executor, Executor) and tune.executor not in EXECUTORS:
        raise InvalidArgument("executor", f"one of {EXECUTORS}, or an Executor", tune.executor)
    as_stopper(config.stop)
    check_callbacks(config.callbacks)
    size_of(tune, scheduler_of(tune))
    if tune.search_alg is not None:
        as_sampler(tune.search_alg)


def scheduler_of(tune: TuneConfig) -> Scheduler:
    """The scheduler of a run."""
    given = tune.scheduler
    return NopPruner() if given is None else as_scheduler(given, "scheduler")


def size_of(tune: TuneConfig, scheduler: Scheduler) -> int | None:
    """How many members a population without end has at one time; None: it has no such size.

    Raises:
        InvalidArgument: If it is not said how many, or there is nobody to compare with.
    """
    if tune.num_samples != -1 or not scheduler.needs_population:
        return None
    size = tune.max_concurrent_trials
    if size is None or size < 2:
        expected = (
            "at least 2, the size of the population, as `num_samples` is -1 and the scheduler "
            "compares its members (a new one begins whenever one ends)"
        )
        raise InvalidArgument("max_concurrent_trials", expected, size)
    return size


def storage_of(path: Path, config: RunConfig) -> Storage:
    """The storage of a run's study."""
    given = config.storage
    if isinstance(given, Storage):
        return given
    return open_storage(f"sqlite:///{path / DATABASE}" if given is None else given)


def objective_of(
    tune: TuneConfig, scheduler: Scheduler
) -> tuple[str | None, StudyDirection, Scheduler]:
    """What is tuned, which the run or its scheduler may say, and the scheduler that compares it.

    Raises:
        InvalidArgument: If they contradict each other, or neither says what a scheduler needs.
    """
    metric, mode = tune.metric, tune.mode
    if scheduler.metric != VALUE:
        if metric is not None and metric != scheduler.metric:
            raise InvalidArgument(
                "metric", f"the scheduler's, {scheduler.metric!r}, or none", metric
            )
        metric = scheduler.metric
    elif metric is not None:
        scheduler = scheduler.for_metric(metric)
    direction = None if mode is None else MODES[mode]
    if scheduler.direction is not None:
        if direction is not None and direction is not scheduler.direction:
            raise InvalidArgument("mode", "the scheduler's, or none", mode)
        direction = scheduler.direction
    if scheduler.compares and (metric is None or direction is None):
        missing = "metric" if metric is None else "mode"
        raise InvalidArgument(missing, "one, as the scheduler compares trials", None)
    return metric, StudyDirection.MINIMIZE if direction is None else direction, scheduler


def executor_of(given: Any) -> Executor:
    """An executor by its name.

    Raises:
        InvalidArgument: If there is none of that name.
    """
    if isinstance(given, Executor):
        return given
    if given == "inline":
        return InlineExecutor()
    if given == "process":
        return ProcessExecutor()
    if given == "ray":
        from trimtab.tune.executors import RayExecutor

        made: Executor = RayExecutor()
        return made
    raise InvalidArgument("executor", f"one of {EXECUTORS}, or an Executor", given)


def mode_of(direction: StudyDirection) -> str:
    """``"min"`` or ``"max"``."""
    return "min" if direction is StudyDirection.MINIMIZE else "max"


@contextmanager
def _interruptible(controller: Controller) -> Iterator[None]:
    """Ctrl-C once ends the run, twice whatever it is doing.

    So does SIGTERM, which is then raised again, for whoever else it is meant.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    told: set[int] = set()

    def on_signal(number: int, frame: Any) -> None:
        if controller.is_interrupted:
            raise KeyboardInterrupt
        told.add(number)
        controller.interrupt()

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if signal.SIGTERM in told:
            signal.raise_signal(signal.SIGTERM)


def _needed(population: Population) -> list[Saved]:
    """Checkpoints that a member may still have to go on from."""
    return [
        member.checkpoint
        for member in population.members.values()
        if member.checkpoint is not None and member.phase is not Phase.ENDED
    ]
