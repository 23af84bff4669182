"""An experiment: a study whose trials run elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType, UnknownTrial, WrongStatus
from trimtab.experiment import asking, fetching, keeping
from trimtab.experiment.arm import Arm, GeneratorRun
from trimtab.experiment.batch import BatchTrial
from trimtab.experiment.data import Data
from trimtab.experiment.metric import Metric
from trimtab.experiment.objective import OptimizationConfig
from trimtab.experiment.rows import STATUS_QUO, batch_of, make_row
from trimtab.experiment.runner import Runner
from trimtab.experiment.sampling import ExperimentSampler, Generation, fresh_seed
from trimtab.experiment.space import SearchSpace
from trimtab.experiment.status import TrialStatus, status_from
from trimtab.experiment.trial import BaseTrial, Trial
from trimtab.records import DELETED, TrialState
from trimtab.schedulers import MedianPruner, Scheduler
from trimtab.schedulers.adapter import as_scheduler
from trimtab.space import check_name
from trimtab.storage import Storage, Ticket, open_storage
from trimtab.study import Study
from trimtab.study import Trial as StudyTrial
from trimtab.study.api import StorageLike
from trimtab.study.prune import should_prune


class Experiment:
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

    def __init__(
        self,
        search_space: SearchSpace,
        name: str | None = None,
        optimization_config: OptimizationConfig | None = None,
        tracking_metrics: Sequence[Metric | str] | None = None,
        runner: Runner | None = None,
        status_quo: Arm | Mapping[str, Any] | None = None,
        description: str | None = None,
        *,
        storage: StorageLike = None,
        seed: int | None = None,
        generation: Generation | None = None,
        early_stopping: Scheduler | None = None,
    ) -> None:
        if not isinstance(search_space, SearchSpace):
            raise InvalidType("search_space", "a SearchSpace", search_space)
        self._space = search_space
        self.name = f"experiment-{uuid.uuid4()}" if name is None else check_name("name", name)
        self.description = description
        self.runner = runner
        self._storage = storage if isinstance(storage, Storage) else open_storage(storage)
        self.seed = fresh_seed() if seed is None else seed
        self.generation = generation or Generation()
        self._tracking = [Metric(m) if isinstance(m, str) else m for m in tracking_metrics or ()]
        self._status_quo: Arm | None = None
        self._config: OptimizationConfig | None = None
        self._study: Study | None = None
        self.early_stopping = as_scheduler(early_stopping or MedianPruner())
        self._sampler: ExperimentSampler | None = None
        if status_quo is not None:
            self.status_quo = status_quo
        if optimization_config is not None:
            self.optimization_config = optimization_config
            self._study = keeping.create(self, self._storage)

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

    def adopt(self, study: Study) -> None:
        """Go on with a study that was loaded; for `load`."""
        self._study = study

    # ------------------------------------------------------------------ what it is

    @property
    def search_space(self) -> SearchSpace:
        """What may vary."""
        return self._space

    @property
    def optimization_config(self) -> OptimizationConfig | None:
        """What to improve, and what must hold."""
        return self._config

    @optimization_config.setter
    def optimization_config(self, config: OptimizationConfig) -> None:
        if not isinstance(config, OptimizationConfig):
            raise InvalidType("optimization_config", "an OptimizationConfig", config)
        if self._study is not None:
            raise WrongStatus("What an experiment optimizes does not change once it is stored.")
        if self._status_quo is None and any(c.relative for c in config.outcome_constraints):
            raise InvalidArgument(
                "status_quo",
                "an arm, as an outcome constraint is relative to it",
                [str(c) for c in config.outcome_constraints if c.relative],
            )
        self._config = config

    @property
    def config(self) -> OptimizationConfig:
        """What to improve.

        Raises:
            WrongStatus: If nobody said.
        """
        if self._config is None:
            raise WrongStatus("Set the experiment's `optimization_config` first.")
        return self._config

    @property
    def sampler(self) -> ExperimentSampler:
        """Proposes arms; what it has learnt is derived from the study."""
        if self._sampler is None:
            objectives = self.config.objectives
            thresholds = [o.threshold for o in objectives] if len(objectives) > 1 else None
            self._sampler = ExperimentSampler(self._space, self.generation, self.seed, thresholds)
        return self._sampler

    @property
    def study(self) -> Study:
        """The study that this is; made when it is first needed.

        Raises:
            WrongStatus: If the experiment has no `optimization_config` yet.
        """
        if self._study is None:
            self._study = keeping.create(self, self._storage)
        return self._study

    @property
    def status_quo(self) -> Arm | None:
        """The arm that others are compared with."""
        return self._status_quo

    @status_quo.setter
    def status_quo(self, status_quo: Arm | Mapping[str, Any]) -> None:
        given = status_quo.parameters if isinstance(status_quo, Arm) else status_quo
        self._status_quo = Arm(self._space.check(given, "status_quo"), STATUS_QUO)
        if self._study is not None:
            keeping.save(self, self._study)

    @property
    def metrics(self) -> dict[str, Metric]:
        """All metrics by name: the objectives', the constrained and the tracked ones."""
        own = {} if self._config is None else self._config.metrics
        return {**own, **{m.name: m for m in self._tracking if m.name not in own}}

    def add_tracking_metric(self, metric: Metric | str) -> None:
        """Declare one more metric that is kept and not optimized."""
        made = Metric(metric) if isinstance(metric, str) else metric
        if made.name not in self.metrics:
            self._tracking.append(made)
            if self._study is not None:
                keeping.save(self, self._study)

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
