"""The same trials as a study of Optuna's and of ours."""

from collections.abc import Callable, Sequence
from typing import Any

import optuna

import trimtab
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
)

optuna.logging.set_verbosity(optuna.logging.ERROR)
trimtab.logging.set_verbosity(trimtab.logging.ERROR)


def distribution(theirs: Any) -> Distribution:
    if isinstance(theirs, optuna.distributions.FloatDistribution):
        return FloatDistribution(theirs.low, theirs.high, theirs.log, theirs.step)
    if isinstance(theirs, optuna.distributions.IntDistribution):
        return IntDistribution(theirs.low, theirs.high, theirs.log, theirs.step)
    return CategoricalDistribution(theirs.choices)


def twins(
    objective: Callable[[optuna.Trial], float | Sequence[float]],
    n: int,
    seed: int = 0,
    directions: Sequence[Any] = ("minimize",),
) -> tuple[optuna.Study, Any]:
    """A random search of Optuna's, and the study of ours with its trials."""
    sampler = optuna.samplers.RandomSampler(seed=seed)
    theirs = optuna.create_study(directions=directions, sampler=sampler)
    theirs.optimize(objective, n_trials=n)
    ours = trimtab.create_study(directions=list(directions))
    ours.add_trials(
        [
            trimtab.trial.create_trial(
                state=trimtab.trial.TrialState[trial.state.name],
                params=trial.params,
                distributions={k: distribution(d) for k, d in trial.distributions.items()},
                values=trial.values,
            )
            for trial in theirs.trials
        ]
    )
    return theirs, ours
