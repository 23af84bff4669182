"""What the model expects of arms that nobody has measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trimtab.errors import InvalidArgument
from trimtab.experiment.measuring import measured_of
from trimtab.experiment.sampling import model
from trimtab.records import FrozenTrial, History, StudyDirection, TrialState
from trimtab.storage import InMemoryStorage

if TYPE_CHECKING:
    from trimtab.experiment.experiment import Experiment
    from trimtab.samplers.gp.predict import Predictor


def predict(
    experiment: Experiment,
    points: Sequence[Mapping[str, Any]],
    metrics: Sequence[str] | None = None,
) -> list[dict[str, tuple[float, float]]]:
    """Mean and standard deviation, by metric, of what the model expects of each arm.

    They are those of the true mean of a metric: noise is not part of the deviation.

    Args:
        experiment: Whose model.
        points: Parameters by name, each in the search space.
        metrics: Which ones; None: the objectives and the constrained ones.

    Raises:
        InvalidArgument: If a metric is unknown, a point is outside the space, or a metric was
            measured in fewer than two completed trials.
    """
    wanted = list(experiment.config.metrics) if metrics is None else list(metrics)
    if unknown := [name for name in wanted if name not in experiment.metrics]:
        raise InvalidArgument("metrics", f"names among {list(experiment.metrics)}", unknown)
    params = [experiment.search_space.check(point, "points") for point in points]
    found: list[dict[str, tuple[float, float]]] = [{} for _ in params]
    for name in wanted:
        predictor = _predictor(experiment, name)
        means, sds = predictor.predict(predictor.points(params))
        for one, mean, sd in zip(found, means.tolist(), sds.tolist(), strict=True):
            one[name] = (mean, sd)
    return found


def _predictor(experiment: Experiment, metric: str) -> Predictor:
    """The process of one metric: fitted to a copy of the study whose objective it is."""
    study = experiment.study
    minimize = {o.name: bool(o.minimize) for o in experiment.config.objectives}.get(metric, True)
    rows = [
        (row, *measured_of(row)[metric])
        for row in study.get_trials(states=(TrialState.COMPLETE,))
        if math.isfinite(measured_of(row).get(metric, (math.nan, None))[0])
    ]
    if len(rows) < 2:
        raise InvalidArgument("metrics", "ones measured in two completed trials", metric)
    history = _history([_alone(*row) for row in rows], minimize)
    sampler = model(experiment.search_space, None, experiment.seed, {})
    return sampler.predictor(history, experiment.search_space.space)


def _alone(row: FrozenTrial, mean: float, sem: float | None) -> FrozenTrial:
    """A trial whose only objective is the metric."""
    return row.replace(values=(mean,), sems=(sem,), constraints={}, system_attrs={})


def _history(rows: Sequence[FrozenTrial], minimize: bool) -> History:
    storage = InMemoryStorage()
    direction = StudyDirection.MINIMIZE if minimize else StudyDirection.MAXIMIZE
    study_id = storage.create_study("copy", (direction,)).id
    storage.add(study_id, list(rows))
    return storage.history(study_id)
