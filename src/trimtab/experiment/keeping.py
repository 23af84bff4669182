"""What an experiment is, kept with its study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from trimtab.errors import InvalidArgument, StorageVersion
from trimtab.experiment.metric import Metric
from trimtab.experiment.objective import OptimizationConfig
from trimtab.experiment.runner import Runner
from trimtab.experiment.sampling import Generation
from trimtab.experiment.space import SearchSpace
from trimtab.schedulers import Scheduler
from trimtab.storage import Storage
from trimtab.study import Study, create_study, load_study

if TYPE_CHECKING:
    from trimtab.experiment.definition import Definition
    from trimtab.experiment.experiment import Experiment

KEY: Final = "experiment"
"""The system attribute of a study that makes it an experiment."""
VERSION: Final = 1


def dump(experiment: Definition) -> dict[str, Any]:
    """All that is needed to go on as this experiment would, but for code, as JSON."""
    own = experiment.config.metrics
    status_quo = experiment.status_quo
    return {
        "version": VERSION,
        "description": experiment.description,
        "search_space": experiment.search_space.to_json(),
        "optimization": experiment.config.to_json(),
        "tracking_metrics": [name for name in experiment.metrics if name not in own],
        "status_quo": None if status_quo is None else dict(status_quo.parameters),
        "seed": experiment.seed,
        "generation": {
            "method": experiment.generation.method,
            "n_initial": experiment.generation.n_initial,
        },
    }


def create(experiment: Definition, storage: Storage) -> Study:
    """The study of a new experiment.

    Raises:
        DuplicateStudy: If the name is taken.
        WrongStatus: If it has no `optimization_config`.
    """
    data = dump(experiment)
    objectives = experiment.config.objectives
    study = create_study(
        storage=storage,
        study_name=experiment.name,
        sampler=experiment.sampler,
        pruner=experiment.early_stopping,
        directions=["minimize" if objective.minimize else "maximize" for objective in objectives],
    )
    study.set_metric_names([objective.name for objective in objectives])
    study.set_system_attr(KEY, data)
    return study


def save(experiment: Definition, study: Study) -> None:
    """Keep what changed."""
    study.set_system_attr(KEY, dump(experiment))


def check(data: Any, name: str) -> Mapping[str, Any]:
    """What a study keeps of its experiment.

    Raises:
        InvalidArgument: If it is none.
        StorageVersion: If a newer version wrote it.
    """
    if not isinstance(data, Mapping):
        raise InvalidArgument("name", "a study that is an experiment", name)
    if data.get("version") != VERSION:
        raise StorageVersion(
            f"The experiment {name!r} is of version {data.get('version')!r}; expected {VERSION}: "
            "open it with the version of trimtab that wrote it."
        )
    return data


def load(
    kind: type[Experiment],
    name: str,
    storage: Storage,
    metrics: Sequence[Metric],
    runner: Runner | None,
    early_stopping: Scheduler | None,
) -> Experiment:
    """See `Experiment.load`."""
    record = storage.find_study(name)
    data = check(record.system_attrs.get(KEY), name)
    by_name = {metric.name: metric for metric in metrics}
    config = OptimizationConfig.from_json(data["optimization"], by_name)
    known = {*config.metrics, *data["tracking_metrics"]}
    if unknown := sorted(by_name.keys() - known):
        raise InvalidArgument("metrics", f"metrics of the experiment, {sorted(known)}", unknown)
    experiment = kind(
        SearchSpace.from_json(data["search_space"]),
        name,
        tracking_metrics=[by_name.get(m, m) for m in data["tracking_metrics"]],
        runner=runner,
        status_quo=data["status_quo"],
        description=data["description"],
        storage=storage,
        seed=data["seed"],
        generation=Generation(**data["generation"]),
        early_stopping=early_stopping,
    )
    experiment.optimization_config = config
    study = load_study(
        study_name=name,
        storage=storage,
        sampler=experiment.sampler,
        pruner=experiment.early_stopping,
    )
    experiment.adopt(study)
    return experiment
