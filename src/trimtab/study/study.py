"""A study: one sampler, one pruner, one storage."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeAlias

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import (
    FrozenTrial,
    History,
    StudyDirection,
    TrialState,
)
from trimtab.samplers import BaseSampler, Sampler
from trimtab.samplers.adapter import as_sampler
from trimtab.schedulers import BasePruner, Scheduler
from trimtab.schedulers.adapter import as_scheduler
from trimtab.space import Distribution, check_compatible, check_name
from trimtab.storage import Lease, Storage, Ticket
from trimtab.study.arms import Arm
from trimtab.study.ask import Asker
from trimtab.study.best import Incumbent, best_arm, pareto_numbers
from trimtab.study.known import is_known
from trimtab.study.origin import SAMPLER, marked_as_added, name_of
from trimtab.study.tell import tell
from trimtab.study.trial import FIXED_PARAMS, Trial, fixed_params

if TYPE_CHECKING:
    import pandas as pd

_logger = logging.getLogger(__name__)

Objective: TypeAlias = Callable[[Trial], Any]
Callback: TypeAlias = Callable[["Study", FrozenTrial], None]

_FOR_EVER = Lease()


class Study:
    """A study in a storage, driven by a sampler and a pruner.

    Made by `create_study` and `load_study`. All methods may be called from any thread.

    Args:
        study_name: Its name in the storage.
        storage: Where it is kept.
        sampler: Proposes points.
        pruner: Ends trials early.
    """

    def __init__(
        self, study_name: str, storage: Storage, sampler: Sampler, pruner: Scheduler
    ) -> None:
        record = storage.find_study(study_name)
        self.study_name = record.name
        self.study_id = record.id
        self.storage = storage
        self._usual_sampler = record.system_attrs.get(SAMPLER)
        self.asker = Asker(self)
        self.sampler = sampler
        self.pruner = pruner
        self._directions = record.directions
        self._incumbent = Incumbent()
        self._stop = threading.Event()
        self._loop = threading.local()

    @property
    def sampler(self) -> Sampler:
        """Proposes points."""
        return self._sampler

    @sampler.setter
    def sampler(self, sampler: Sampler | BaseSampler) -> None:
        self._sampler = as_sampler(sampler)
        self._sampler.bind(self)
        name = name_of(self._sampler)
        self.asker.mark = {} if name == self._usual_sampler else {SAMPLER: name}

    @property
    def pruner(self) -> Scheduler:
        """Ends trials early."""
        return self._pruner

    @pruner.setter
    def pruner(self, pruner: Scheduler | BasePruner) -> None:
        self._pruner = as_scheduler(pruner)
        self._pruner.bind(self)

    def _repr_html_(self) -> str:
        from trimtab.study.display import study_html

        return study_html(self)

    def _ipython_display_(self) -> None:
        from trimtab.study.display import show_study

        show_study(self)

    # ------------------------------------------------------------------ results

    @property
    def history(self) -> History:
        """The study's columns, brought up to date; read only."""
        return self.storage.history(self.study_id)

    @property
    def _study_id(self) -> int:
        return self.study_id

    @property
    def _storage(self) -> Storage:
        return self.storage

    @property
    def direction(self) -> StudyDirection:
        """The direction of a single-objective study.

        Raises:
            RuntimeError: If the study has several objectives.
        """
        self._require_single("direction")
        return self._directions[0]

    @property
    def directions(self) -> list[StudyDirection]:
        """One per objective."""
        return list(self._directions)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials that are not archived, in order of number."""
        return self.get_trials()

    def get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        *,
        archived: bool = False,
    ) -> list[FrozenTrial]:
        """Trials in order of number.

        Args:
            deepcopy: Kept for compatibility: trials are frozen and always the caller's own.
            states: Which states; None: all.
            archived: Whether archived trials are among them.
        """
        del deepcopy
        wanted = None if states is None else [s for s in TrialState if s in states]
        with self.storage.lock:
            return list(self.history.trials(wanted, archived=archived))

    def get_trial(self, number: int) -> FrozenTrial:
        """One trial by number; the cost does not grow with the study.

        Raises:
            UnknownTrial: If there is none (a KeyError).
            InvalidType: If it is no integer.
        """
        if not isinstance(number, Integral):
            raise InvalidType("number", "an integer", number)
        with self.storage.lock:
            return self.history.trial(int(number))

    @property
    def best_trial(self) -> FrozenTrial:
        """The feasible complete trial with the best value.

        Raises:
            RuntimeError: If the study has several objectives.
            ValueError: If no feasible trial is complete.
        """
        self._require_single("best_trial")
        with self.storage.lock:
            history = self.history
            return history.trial(self._incumbent.number(history))

    @property
    def best_value(self) -> float:
        """The value of `best_trial`."""
        self._require_single("best_value")
        with self.storage.lock:
            history = self.history
            return float(history.values[self._incumbent.number(history), 0])

    @property
    def best_params(self) -> dict[str, Any]:
        """The parameters of `best_trial`."""
        return self.best_trial.params

    @property
    def best_trials(self) -> list[FrozenTrial]:
        """The Pareto front: feasible complete trials that no other dominates."""
        with self.storage.lock:
            history = self.history
            return [history.trial(int(number)) for number in pareto_numbers(history)]

    @property
    def best_arm(self) -> Arm:
        """The best point with all its replicates taken together, rather than the luckiest run.

        By the sampler's model where it has one (see `GPSampler`), else by shrunk means.

        Raises:
            ValueError: If no feasible trial is complete or the study has several objectives.
        """
        with self.storage.lock:
            return best_arm(self.history, self.sampler.best(self.history))

    def trials_dataframe(
        self,
        attrs: tuple[str, ...] = (
            "number",
            "value",
            "datetime_start",
            "datetime_complete",
            "duration",
            "params",
            "user_attrs",
            "system_attrs",
            "state",
        ),
        multi_index: bool = False,
    ) -> pd.DataFrame:
        """All trials as a pandas DataFrame; needs the extra ``pandas``.

        Args:
            attrs: Trial attributes to include.
            multi_index: Whether columns are tuples rather than joined by underscores.
        """
        from trimtab.study.dataframe import trials_dataframe

        return trials_dataframe(self, attrs, multi_index)

    # ------------------------------------------------------------------ attributes

    @property
    def user_attrs(self) -> dict[str, Any]:
        """User attributes of the study."""
        return dict(self.storage.study(self.study_id).user_attrs)

    @property
    def system_attrs(self) -> dict[str, Any]:
        """Attributes set by Trimtab and its extensions."""
        return dict(self.storage.study(self.study_id).system_attrs)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep a JSON value with the study.

        Raises:
            InvalidType: If JSON cannot hold it (a TypeError).
        """
        self.storage.set_study_attrs(self.study_id, user={key: value})

    def set_system_attr(self, key: str, value: Any) -> None:
        """Keep a JSON value of Trimtab's or an extension's; None removes it."""
        self.storage.set_study_attrs(self.study_id, system={key: value})

    @property
    def metric_names(self) -> list[str] | None:
        """Names of the objectives, or None where they have none."""
        names = self.storage.study(self.study_id).metric_names
        return None if names is None else list(names)

    def set_metric_names(self, metric_names: Sequence[str]) -> None:
        """Name the objectives.

        Raises:
            ValueError: If there is not one name per objective.
        """
        if len(metric_names) != len(self._directions):
            raise InvalidArgument(
                "metric_names", f"{len(self._directions)} names, one per objective", metric_names
            )
        for name in metric_names:
            check_name("metric_names", name)
        self.storage.update_study(self.study_id, metric_names=list(metric_names))

    # ------------------------------------------------------------------ ask

    def ask(
        self,
        fixed_distributions: Mapping[str, Distribution] | None = None,
        *,
        replicate_of: int | None = None,
        lease: float | None = None,
        ticket: Ticket | None = None,
    ) -> Trial:
        """Begin a trial: one that waits, one whose worker died, or a new one.

        Args:
            fixed_distributions: Parameters to suggest at once.
            replicate_of: Number of a trial whose parameters are to be measured again.
            lease: Seconds after which the trial may be reclaimed unless its lease is renewed;
                None: it stays ours until it is told (it may be waiting for a person).
            ticket: Names this call, for who may have to make it again after a crash: the trial
                that it began before is returned. Not used for a replicate.

        Raises:
            InvalidType: If ``fixed_distributions`` is not a mapping of distributions.
            UnknownTrial: If there is no trial ``replicate_of``.
        """
        if fixed_distributions is not None and not isinstance(fixed_distributions, Mapping):
            raise InvalidType("fixed_distributions", "a mapping", fixed_distributions)
        terms = _FOR_EVER if lease is None else Lease(lease)
        if replicate_of is not None:
            trial = self.asker.replicate(replicate_of, terms, buffered=False)
        else:
            trial = self.asker.ask(terms, fixed_distributions, buffered=False, ticket=ticket)
        for name, distribution in (fixed_distributions or {}).items():
            trial._suggest(name, distribution)
        return trial

    def check_distribution(self, name: str, distribution: Distribution) -> None:
        """Refuse a distribution that earlier trials do not allow.

        Raises:
            IncompatibleDistribution: If the kind, scale or choices of the parameter changed.
        """
        known = self.history.space.get(name)
        if known is not None and known is not distribution:
            check_compatible(name, known, distribution)

    # ------------------------------------------------------------------ tell

    def tell(
        self,
        trial: Trial | int,
        values: Any = None,
        state: TrialState | None = None,
        skip_if_finished: bool = False,
        *,
        sems: Any = None,
    ) -> FrozenTrial:
        """End a trial.

        Args:
            trial: A handle, or a trial's number.
            values: One number (or `Measurement`) per objective. What cannot be an objective
                value makes the trial FAIL, with a warning that says why.
            state: COMPLETE, PRUNED (takes the last report as value) or FAIL; None: COMPLETE
                where the values are good.
            skip_if_finished: Do nothing if the trial has finished.
            sems: Standard errors of the values: 0.0 noiseless, None unknown.

        Returns:
            The trial as stored.

        Raises:
            UnknownTrial: If there is no trial of that number (a ValueError, a KeyError).
            TrialFinished: If it has finished with another result (a ValueError).
            StaleAttempt: If the trial was reclaimed from this handle.
            InvalidArgument: If state and values do not go together.
        """
        return tell(self, trial, values, state, skip_if_finished, sems)

    # ------------------------------------------------------------------ queue

    def enqueue_trial(
        self,
        params: dict[str, Any],
        user_attrs: dict[str, Any] | None = None,
        skip_if_exists: bool = False,
    ) -> None:
        """Queue parameters; the next ask begins a trial with them.

        Args:
            params: Values by name; parameters not named are sampled.
            user_attrs: Of the trial.
            skip_if_exists: Do nothing if a trial with these parameters exists or waits.

        Raises:
            InvalidType: If ``params`` is not a dictionary, or a value fits no JSON.
        """
        fixed = fixed_params(params)
        if skip_if_exists:
            with self.storage.lock:
                known = is_known(self.history, fixed)
            if known:
                _logger.info("Trial with params %s already exists; it is not queued.", params)
                return
        self.add_trial(
            FrozenTrial.build(
                0,
                TrialState.WAITING,
                user_attrs=dict(user_attrs or {}),
                system_attrs={FIXED_PARAMS: fixed},
            )
        )

    def add_trial(self, trial: FrozenTrial) -> None:
        """Append a trial as it is; it gets the next number.

        Raises:
            InvalidType: If it is not a `FrozenTrial`.
            InvalidArgument: If it has another number of values than the study objectives.
        """
        self.add_trials([trial])

    def add_trials(self, trials: Iterable[FrozenTrial]) -> None:
        """Append trials, all or none."""
        batch = list(trials)
        for trial in batch:
            if not isinstance(trial, FrozenTrial):
                raise InvalidType("trial", "a FrozenTrial (see `create_trial`)", trial)
        if self._usual_sampler is not None:  # which would pass for theirs
            batch = [marked_as_added(trial) for trial in batch]
        if batch:
            self.storage.add(self.study_id, batch)

    def archive_trials(self, numbers: Iterable[int], archived: bool = True) -> None:
        """Set trials aside, hidden from lists and samplers, or take them back.

        Raises:
            UnknownTrial: If one is not there; then nothing changes.
        """
        self.storage.archive_trials(self.study_id, list(numbers), archived)

    def delete_trials(self, numbers: Iterable[int]) -> None:
        """Remove trials for good; their numbers are not given again.

        Raises:
            UnknownTrial: If one is not there; then nothing changes.
        """
        self.storage.delete_trials(self.study_id, list(numbers))

    # ------------------------------------------------------------------ loop

    def optimize(
        self,
        func: Objective,
        n_trials: int | None = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: Iterable[type[Exception]] | type[Exception] = (),
        callbacks: Iterable[Callback] | None = None,
        gc_after_trial: bool = False,
        show_progress_bar: bool = False,
        *,
        total_trials: int | None = None,
        executor: str = "thread",
        trial_timeout: float | None = None,
        replicates: int = 1,
        max_retries: int | None = None,
        lease: float | None = None,
    ) -> None:
        """Run an objective until a limit is reached.

        Args:
            func: Called with a `Trial`; returns one value (or `Measurement`) per objective.
            n_trials: How many trials to run in this call; None: no limit.
            timeout: Seconds after which no new trial begins.
            n_jobs: Trials at once; -1: one per core.
            catch: Exceptions of ``func`` that make a trial FAIL and the loop go on.
            callbacks: Called with the study and each trial that ended.
            gc_after_trial: Collect garbage after every trial.
            show_progress_bar: Show a live progress line.
            total_trials: Run until the study has so many trials, from whichever run or worker;
                the same command, run again, goes on where it was.
            executor: ``"thread"``, or ``"process"`` for worker processes that are replaced when
                they crash. ``func`` must then be something cloudpickle can send.
            trial_timeout: Seconds after which a trial fails. Worker processes are killed; in
                threads the trial ends at its next call of ``suggest``, ``report`` or
                ``should_prune``.
            replicates: How often each proposed point is measured.
            max_retries: How often a trial is run again whose worker died; None: as the storage
                says (2).
            lease: Seconds for which a worker owns its trial unless it renews, in a storage that
                others can see; None: as the storage says (60).

        Raises:
            RuntimeError: If called from inside an objective.
            InvalidArgument: If a limit or number is impossible.
        """
        # Threads, processes and progress lines are loaded by those who run a loop.
        if callbacks is not None and not isinstance(callbacks, Iterable):
            raise InvalidType("callbacks", "a sequence of callables", callbacks)
        from trimtab.study.limits import Limits
        from trimtab.study.optimize import optimize

        optimize(
            self,
            func,
            Limits(
                n_trials,
                total_trials,
                timeout,
                trial_timeout,
                replicates,
                self.storage.max_retries if max_retries is None else max_retries,
                self.storage.lease_seconds if lease is None else lease,
            ),
            n_jobs=n_jobs,
            executor=executor,
            catch=catch,
            callbacks=tuple(callbacks or ()),
            gc_after_trial=gc_after_trial,
            show_progress_bar=show_progress_bar,
        )

    def stop(self) -> None:
        """End the optimize loop after the trials that run now.

        Raises:
            RuntimeError: If called from outside an objective or callback.
        """
        if not self._in_loop():
            raise RuntimeError(
                "`Study.stop` is for objectives and callbacks of a running `Study.optimize`."
            )
        self._stop.set()

    def _in_loop(self) -> bool:
        return getattr(self._loop, "running", False)

    def _require_single(self, name: str) -> None:
        if len(self._directions) > 1:
            raise RuntimeError(
                f"`{name}` is for studies with one objective; use `best_trials` and `directions`."
            )

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for live in ("_stop", "_loop", "asker"):  # the asker knows distributions by their id()
            del state[live]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.asker = Asker(self)
        self._stop = threading.Event()
        self._loop = threading.local()
