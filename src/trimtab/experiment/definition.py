"""What an experiment is: what may vary, what to improve, and the study that keeps it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.errors import InvalidArgument, InvalidType, WrongStatus
from trimtab.experiment import keeping
from trimtab.experiment.arm import Arm
from trimtab.experiment.metric import Metric
from trimtab.experiment.objective import OptimizationConfig
from trimtab.experiment.rows import STATUS_QUO
from trimtab.experiment.runner import Runner
from trimtab.experiment.sampling import ExperimentSampler, Generation, fresh_seed
from trimtab.experiment.space import SearchSpace
from trimtab.schedulers import MedianPruner, Scheduler
from trimtab.schedulers.adapter import as_scheduler
from trimtab.space import check_name
from trimtab.storage import Storage, open_storage
from trimtab.study import Study
from trimtab.study.api import StorageLike


class Definition:
    """What an experiment is; see `Experiment` for the arguments."""

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

    def adopt(self, study: Study) -> None:
        """Go on with a study that was loaded; for `load`."""
        self._study = study

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
