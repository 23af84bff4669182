"""What figures read of a Gaussian process: its predictions along lines and over planes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import TrialState
from trimtab.samplers import GPSampler
from trimtab.samplers.gp.predict import Predictor
from trimtab.space import CategoricalDistribution, Floats, from_unit, to_unit
from trimtab.visualization.axes import ParamAxis, choice_order, param_axis
from trimtab.visualization.data import StudyLike, Trials, objective_index, select
from trimtab.visualization.figure import nothing_complete

FEWEST: Final = 3
"""Complete trials below which a model has nothing to say."""

MOST: Final = 3_000
"""Complete trials above which the model takes too long for a picture."""

MOST_TRACED: Final = 1_000
"""The same of a picture that shows the model as it was after each of them."""

NORMAL_95: Final = 1.96
"""Standard deviations to either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Modelled:
    """A study's process of one objective, and its complete trials.

    Attributes:
        predictor: The processes.
        objective: Index of the one that is drawn.
        trials: The complete trials with its values.
        centre: Shape (d,), a point of the unit cube in the order of the predictor's columns: where
            a figure does not vary a parameter, it has this value.
        around: Number of the trial that the centre is.
    """

    predictor: Predictor
    objective: int
    trials: Trials
    centre: Floats
    around: int

    def predict(self, points: Floats) -> tuple[Floats, Floats]:
        """Means and standard deviations at points, shape (n, d); shape (n,) each."""
        return self.predictor.predict(points, self.objective)

    def line(self, name: str, count: int) -> tuple[ParamAxis, Floats]:
        """A parameter's axis with places evenly along its range, and those as unit values.

        Args:
            name: The parameter.
            count: How many places; of choices, as many as there are.
        """
        axis = param_axis(self.trials, name)
        distribution = axis.distribution
        if isinstance(distribution, CategoricalDistribution):
            order = choice_order(distribution)
            internal: Floats = np.array(order, dtype=np.float64)
            places: Floats = np.arange(len(order), dtype=np.float64)
        else:
            units = np.linspace(0.0, 1.0, count).tolist()
            internal = np.unique([float(from_unit(distribution, unit)) for unit in units])
            places = internal
        units_of = [to_unit(distribution, value) for value in internal.tolist()]
        if isinstance(distribution, CategoricalDistribution):
            units_of = [to_unit(distribution, int(value)) for value in internal.tolist()]
        return replace(axis, positions=places, internal=internal), np.array(units_of)


def has_model(study: StudyLike) -> bool:
    """Whether there are enough complete trials for a model, and few enough for any picture."""
    return FEWEST <= len(study.history.usable(TrialState.COMPLETE)) <= MOST_TRACED


def nothing_to_say(study: StudyLike) -> str:
    """Why there is no model."""
    if not len(study.history.usable(TrialState.COMPLETE)):
        return nothing_complete(study.history)
    if len(study.history.usable(TrialState.COMPLETE)) > MOST:
        return f"A Gaussian process is drawn\nof up to {MOST:,} complete trials."
    return f"Fewer than {FEWEST} trials are complete:\na model would have nothing to say."


def modelled(
    study: StudyLike, target: int | str | None, target_name: str, around: int | None
) -> Modelled | None:
    """The process of a study's objective; None where too few, or too many, trials are complete.

    Args:
        study: Whose.
        target: An objective by index or metric name; None: the first.
        target_name: What it is called on the axis.
        around: Number of the trial in the centre; None: the best feasible one.

    Raises:
        InvalidArgument: If there is no such objective, or the trial is not complete.
    """
    objective = objective_index(study, target)
    trials = select(study, objective, target_name)
    if not FEWEST <= len(trials) <= MOST:
        return None
    history = study.history
    own = getattr(study, "sampler", None)
    sampler: Any = own if hasattr(own, "predictor") else GPSampler(seed=0)
    predictor: Predictor = sampler.predictor(history)
    if around is None:
        losses = np.where(trials.feasible, trials.losses, np.inf)
        if not trials.feasible.any():
            losses = trials.losses
        around = int(trials.numbers[np.argmin(losses)])
    elif around not in trials.numbers:
        raise InvalidArgument("around", "the number of a complete trial", around)
    centre = np.array(history.unit_row(predictor.space, around))
    return Modelled(predictor, objective, trials, centre, around)
