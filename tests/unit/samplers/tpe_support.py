"""A study in a few lines: a history that an objective fills through a sampler."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.records import FrozenTrial, History, Report, StudyDirection, TrialState
from trimtab.samplers import Sampler
from trimtab.space import Distribution, Floats, Space

MINIMIZE = StudyDirection.MINIMIZE


def new_history(objectives: int = 1) -> History:
    return History((MINIMIZE,) * objectives)


def tell(
    history: History,
    space: Mapping[str, Distribution],
    params: Mapping[str, Any],
    values: float | Sequence[float] | None,
    *,
    state: TrialState = TrialState.COMPLETE,
    number: int | None = None,
    sem: float | None = None,
    constraint: float | None = None,
    reports: Mapping[int, float] | None = None,
) -> int:
    """Append (or change) one trial; returns its number."""
    columns = Space({name: space[name] for name in params})
    number = len(history) if number is None else number
    told = None
    if values is not None:
        told = tuple(map(float, values)) if isinstance(values, Sequence) else (float(values),)
    history.apply(
        FrozenTrial.build(
            number,
            state,
            values=told,
            sems=None if sem is None or told is None else (sem,) * len(told),
            space=columns,
            point=tuple(columns[name].to_internal_repr(params[name]) for name in params),
            started=1,
            finished=2 if state.is_finished() else None,
            constraints=None if constraint is None else {"c": constraint},
            reports={
                step: Report(step, {"value": value}) for step, value in (reports or {}).items()
            },
        )
    )
    return number


def ask(sampler: Sampler, history: History, space: Space, number: int | None = None) -> Floats:
    number = len(history) if number is None else number
    return sampler.propose(history, space, number, sampler.streams.at(number)).point


def optimize(
    sampler: Sampler,
    space: Space,
    objective: Callable[[dict[str, Any]], float | Sequence[float]],
    trials: int,
    history: History | None = None,
    objectives: int = 1,
) -> History:
    """Run an unconditional study of ``trials`` further trials."""
    history = new_history(objectives) if history is None else history
    for _ in range(trials):
        params = space.external(space.decode(ask(sampler, history, space)))
        tell(history, space, params, objective(params))
    return history


def copy(history: History, upto: int | None = None) -> History:
    """The same trials in a new history, as reopening a study makes it."""
    out = History(history.directions)
    for number in history.finished.tolist()[:upto]:
        out.apply(history.trial(number))
    return out


def best(history: History) -> float:
    return float(np.nanmin(history.values[:, 0]))
