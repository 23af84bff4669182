"""An experiment: a study whose trials run elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType, UnknownTrial
from trimtab.experiment import asking, fetching, keeping
from trimtab.experiment.arm import Arm, GeneratorRun
from trimtab.experiment.batch import BatchTrial
from trimtab.experiment.data import Data
from trimtab.experiment.definition import Definition
from trimtab.experiment.metric import Metric
from trimtab.experiment.rows import batch_of, make_row
from trimtab.experiment.runner import Runner
from trimtab.experiment.status import TrialStatus, status_from
from trimtab.experiment.trial import BaseTrial, Trial
from trimtab.records import DELETED, TrialState
from trimtab.schedulers import Scheduler
from trimtab.storage import Storage, Ticket, open_storage
from trimtab.study import Trial as StudyTrial
from trimtab.study.api import StorageLike
from trimtab.study.prune import should_prune


class Experiment(Definition):
    """Trials that are proposed here and run elsewhere, kept as a study.

    Args:
        search_space: What may vary.
        name: 1 to 255 characters; None: a unique one.
        optimization_config: What to improve; needed before the first trial.
        tracking_metrics: Metrics that are kept and not optimized.
        runner: Deploys trials.
        status_quo: The arm that others are compared with; in the space.
        description: For people.
        storage: A URL such as ``sqlite:///study.db``, a storage, or None for memory.
        seed: Of all draws; None for fresh entropy. It is kept, so that a loaded experiment
            proposes what this one would.
        generation: How arms are proposed.
        early_stopping: A pruner that says which running trials to end; None: `MedianPruner`.

    Raises:
        InvalidArgument: If the status quo is outside the space, or a constraint is relative and
            there is no status quo.
        DuplicateStudy: If a study of that name is in the storage; see `load`.
    """

    @classmethod
    def load(
        cls,
        name: str,
        storage: StorageLike,
        *,
        metrics: Iterable[Metric] = (),
        runner: Runner | None = None,
        early_stopping: Scheduler | None = None,
    ) -> Experiment:
        """An experiment from its storage.

        Args:
            name: Its name.
            storage: Where it is.
            metrics: Those that are fetched: code is not kept, only names.
            runner: Likewise.
            early_stopping: Likewise; None: `MedianPruner`.

        Raises:
            UnknownStudy: If there is none (a KeyError).
            InvalidArgument: If the study is no experiment.
            StorageVersion: If it was made by a newer version.
        """
        opened = storage if isinstance(storage, Storage) else open_storage(storage)
        return keeping.load(cls, name, opened, list(metrics), runner, early_stopping)

    # ------------------------------------------------------------------ trials

    @property
    def trials(self) -> dict[int, BaseTrial]:
        """All trials by index, in order; a batch has the number of its first arm."""
        if self._study is None and self._config is None:
            return {}
        study = self.study
        with study.storage.lock:
            history = study.history
            return {
                number: self._handle(number, batch)
                for number, state in enumerate(history.states.tolist())
                if state != DELETED
                and (batch := batch_of(number, history.system_attrs(number))) in (None, number)
            }

    def trial(self, index: int) -> BaseTrial:
        """One trial.

        Raises:
            UnknownTrial: If there is none of that index.
            InvalidType: If it is no integer.
        """
        if isinstance(index, bool) or not isinstance(index, (int, np.integer)):
            raise InvalidType("trial_index", "an integer", index)
        row = self.study.storage.trial(self.study.study_id, int(index))
        batch = batch_of(row.number, row.system_attrs)
        if batch not in (None, index):
            raise UnknownTrial(f"`trial_index`: {index} is an arm of the batch trial {batch}.")
        return self._handle(int(index), batch)

    def _handle(self, index: int, batch: int | None) -> BaseTrial:
        return Trial(self, index) if batch is None else BatchTrial(self, index)

    @property
    def arms_by_name(self) -> dict[str, Arm]:
        """All arms by name."""
        return {
            name: arm for trial in self.trials.values() for name, arm in trial.arms_by_name.items()
        }

    @property
    def trial_indices_by_status(self) -> dict[TrialStatus, set[int]]:
        """Indices of the trials at each status."""
        found: dict[TrialStatus, set[int]] = {status: set() for status in TrialStatus}
        indices = self.trials
        if indices:
            with self.study.storage.lock:
                history = self.study.history
                for index in indices:
                    state = TrialState(int(history.states[index]))
                    found[status_from(state, history.system_attrs(index))].add(index)
        return found

    @property
    def num_trials(self) -> int:
        """How many trials there are."""
        return len(self.trials)

    def new_trial(self, generator_run: GeneratorRun | None = None) -> Trial:
        """A CANDIDATE with one arm.

        Args:
            generator_run: Its arm; None: it is added later.

        Raises:
            InvalidArgument: If there is more than one arm, or it is outside the search space.
        """
        if generator_run is not None and len(generator_run.arms) != 1:
            raise InvalidArgument(
                "generator_run", "one arm (new_batch_trial takes several)", len(generator_run.arms)
            )
        row = make_row(self._space, generator_run, 0)
        (index,) = self.study.storage.add(self.study.study_id, [row])
        return Trial(self, index)

    def new_batch_trial(
        self, generator_run: GeneratorRun | None = None, *, add_status_quo_arm: bool = False
    ) -> BatchTrial:
        """A CANDIDATE with several arms, all of them written or none.

        Args:
            generator_run: Its arms; None: they are added later.
            add_status_quo_arm: Whether the status quo is one of the arms.

        Raises:
            InvalidArgument: If an arm is outside the search space, or there is no status quo.
        """
        if add_status_quo_arm and self._status_quo is None:
            raise InvalidArgument("add_status_quo_arm", "an experiment with a status quo", True)
        count = 1 if generator_run is None else max(1, len(generator_run.arms))
        rows = [make_row(self._space, generator_run, i, batch=-1 - i) for i in range(count)]
        index = self.study.storage.add(self.study.study_id, rows)[0]
        trial = BatchTrial(self, index)
        if add_status_quo_arm and self._status_quo is not None:
            trial.set_status_quo_with_weight(self._status_quo)
        return trial

    def attach_trial(self, parameters: Mapping[str, Any], arm_name: str | None = None) -> Trial:
        """A RUNNING trial of an arm that a person chose.

        Raises:
            InvalidType: If the parameters are no mapping, or one is of another type.
            InvalidArgument: If they are outside the search space.
        """
        run = GeneratorRun([Arm(self._space.check(parameters), arm_name)])
        row = make_row(self._space, run, 0, status=None)
        (index,) = self.study.storage.add(self.study.study_id, [row])
        return Trial(self, index)

    def ask(
        self,
        *,
        lease: float | None = None,
        fixed_features: Mapping[str, Any] | None = None,
        candidate: bool = False,
        ticket: Ticket | None = None,
    ) -> Trial:
        """A RUNNING trial of an arm that the experiment's sampler proposes.

        One that waits (queued by a person) comes first, and the status quo before all others
        where an outcome constraint is relative to it: nobody could tell what is feasible.

        Args:
            lease: Seconds after which it fails unless it was completed, at the next ask.
            fixed_features: Values that the arm is to have.
            candidate: Whether it is a CANDIDATE instead, for a runner to deploy.
            ticket: Names this call, for who may have to make it again; see `Study.ask`.

        Raises:
            SpaceExhausted: If the space is finite and every point has been tried.
            InvalidArgument: If the fixed values are impossible.
        """
        index = asking.ask(
            self, lease=lease, fixed_features=fixed_features, candidate=candidate, ticket=ticket
        )
        return Trial(self, index)

    def gen(self, n: int = 1, *, fixed_features: Mapping[str, Any] | None = None) -> GeneratorRun:
        """Arms for a new trial, proposed by the experiment's sampler with each other in sight.

        Raises:
            SpaceExhausted: If a finite space has not so many points left.
            InvalidArgument: If ``n`` or a fixed value is impossible.
        """
        from trimtab.experiment.generators import of_experiment

        return of_experiment(self).gen(n, fixed_features=fixed_features)

    def should_stop(self, index: int) -> str | None:
        """Why the early stopping strategy would end a trial now; None: it would not.

        Args:
            index: Of the trial; nothing is said of one that does not run, nor of a batch.

        Raises:
            UnknownTrial: If there is none of that index.
        """
        trial = self.trial(index)
        if trial.status is not TrialStatus.RUNNING or isinstance(trial, BatchTrial):
            return None
        row, study = trial.head(), self.study
        if len(study.directions) > 1 and self.early_stopping.direction is None:
            return None  # which objective the reports stand for is not known
        handle = StudyTrial(study, row, row.space, row.point, buffered=False)
        if not should_prune(study, handle):
            return None
        return f"{type(study.pruner).__name__} would end it after step {row.last_step}"

    # ------------------------------------------------------------------ data

    def fetch_data(self) -> Data:
        """What is measured of all completed trials; metrics are asked for what is not known yet.

        Raises:
            MetricFailed: If a metric raises, or returns what is no data; what the others
                returned is stored.
        """
        return self.fetch_trials_data(None)

    def fetch_trials_data(self, trial_indices: Iterable[int] | None) -> Data:
        """The same for some trials; None: all of them."""
        return fetching.fetch(self, trial_indices)

    def lookup_data(self, trial_indices: Iterable[int] | None = None) -> Data:
        """What is stored, without asking any metric."""
        return fetching.lookup(self, trial_indices)

    def attach_data(self, data: Data) -> None:
        """Store measurements.

        A completed trial whose objectives are all known then counts for what is proposed next.

        Raises:
            UnknownTrial: If a row names a trial that is not there.
            InvalidArgument: If it names an arm or a metric that is not there.
        """
        fetching.attach(self, data)

    def settle(self, trial: BaseTrial) -> None:
        """Let the study know of a completed trial, as far as its results are known."""
        fetching.settle(self, trial)

    def __repr__(self) -> str:
        return f"Experiment({self.name!r})"
