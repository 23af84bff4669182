"""What figures read: some trials of a study, as columns, with the value to draw of each."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import FrozenTrial, History, StudyDirection, TrialState
from trimtab.space import Floats
from trimtab.visualization.thinning import (
    Indices,
    ends,
    extremes,
    incumbents,
    smallest,
    thin,
)

DEFAULT_TARGET_NAME = "Objective Value"

_SAMPLE = 5_000

_log = logging.getLogger(__name__)


class StudyLike(Protocol):
    """What a figure needs of a study."""

    @property
    def history(self) -> History:
        """Its trials as columns, up to date."""

    @property
    def directions(self) -> Sequence[StudyDirection]:
        """One per objective."""

    @property
    def metric_names(self) -> Sequence[str] | None:
        """One per objective, if they were named."""

    @property
    def study_name(self) -> str:
        """Its name."""


Target: TypeAlias = Callable[[FrozenTrial], float] | int | str | None
"""What to draw of a trial: a function of it, an objective by index or metric name, or None."""


@dataclass(frozen=True, slots=True)
class Trials:
    """Some of a study's trials: k rows, ascending by number.

    Attributes:
        history: Theirs.
        numbers: Shape (k,), trial numbers.
        values: Shape (k,), finite: what is drawn of them.
        sems: Shape (k,), standard errors of ``values``; NaN unknown.
        feasible: Shape (k,), whether no constraint is violated.
        name: What ``values`` is called.
        direction: Whether small or large is better; NOT_SET for a function of the trial.
        total: How many there were before thinning.
    """

    history: History
    numbers: Indices
    values: Floats
    sems: Floats
    feasible: np.ndarray[Any, np.dtype[np.bool_]]
    name: str
    direction: StudyDirection
    total: int

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def losses(self) -> Floats:
        """Shape (k,): ``values`` turned so that smaller is better."""
        return -self.values if self.direction is StudyDirection.MAXIMIZE else self.values

    def column(self, name: str) -> Floats:
        """Shape (k,): internal values of a parameter, NaN where absent."""
        return self.history.raw(name)[self.numbers]

    def parameters(self) -> list[str]:
        """Names of the parameters that any of the trials has, sorted."""
        return sorted(name for name in self.history.space if not np.isnan(self.column(name)).all())

    def take(self, rows: Any) -> Trials:
        """Some of the rows (a mask or indices); ``total`` stays."""
        return replace(
            self,
            numbers=self.numbers[rows],
            values=self.values[rows],
            sems=self.sems[rows],
            feasible=self.feasible[rows],
        )

    def thinned(self, limit: int, params: Iterable[str] = ()) -> Trials:
        """At most ``limit`` of the trials; see `trimtab.visualization.thinning`.

        Args:
            limit: At least 1.
            params: Parameters whose smallest and largest value are to be kept.
        """
        if len(self) <= limit:
            return self
        best = np.where(self.feasible, self.losses, np.inf)
        landmarks = [ends(len(self)), extremes([self.values, *map(self.column, params)])]
        if self.direction is not StudyDirection.NOT_SET:
            landmarks = [incumbents(best), *landmarks, smallest(best, limit // 10)]
        return self.take(thin(len(self), landmarks, limit))


def as_studies(study: StudyLike | Iterable[StudyLike]) -> list[StudyLike]:
    """One study, or several, as a list.

    Raises:
        InvalidType: If one is no study.
    """
    studies = [study] if _is_study(study) else study
    if isinstance(studies, (str, bytes)) or not isinstance(studies, Iterable):
        raise InvalidType("study", "a study or a sequence of studies", study)
    listed: list[Any] = list(studies)
    for one in listed:
        if not _is_study(one):
            raise InvalidType("study", "a study or a sequence of studies", one)
    return listed


def check_target(studies: Sequence[StudyLike], target: Target, target_name: str) -> None:
    """Refuse a figure of one value where a study has several objectives and none is chosen.

    Raises:
        InvalidArgument: If ``target`` is None and a study has several objectives.
    """
    if target is None and any(len(study.directions) > 1 for study in studies):
        raise InvalidArgument(
            "target",
            "a function of a trial (or an objective's index or name), as the study has several "
            "objectives",
            None,
        )
    if callable(target) and target_name == DEFAULT_TARGET_NAME:
        warnings.warn(
            "`target` is given, but `target_name` is still its default, 'Objective Value'.",
            UserWarning,
            stacklevel=4,
        )


def select(
    study: StudyLike,
    target: Target,
    target_name: str,
    states: Sequence[TrialState] = (TrialState.COMPLETE,),
) -> Trials:
    """The trials of a study in some states, and what is drawn of them.

    Trials without a finite value are left out.

    Args:
        study: Of which.
        target: A function of a trial, an objective by index or metric name; None: the objective.
        target_name: What it is called; a metric's name replaces the default.
        states: Those wanted.

    Raises:
        InvalidArgument: If ``target`` names no objective.
        ValueError, TypeError: If a function returns no number.
    """
    as_studies(study)
    history = study.history
    numbers = history.usable(*states)
    feasible = history.violation[numbers] <= 0.0
    if callable(target):
        name, direction = target_name, StudyDirection.NOT_SET
        values = np.array([_call(target, history.trial(int(number))) for number in numbers])
        values = values.reshape(len(numbers))
        sems = np.full(len(numbers), np.nan)
    else:
        objective = objective_index(study, target)
        named = target_name != DEFAULT_TARGET_NAME
        name = target_name if named else objective_name(study, objective)
        direction = study.directions[objective]
        values, sems = history.values[numbers, objective], history.sems[numbers, objective]
    finite = np.isfinite(values)
    if callable(target) and not finite.all():
        _log.warning(
            "%d trials are left out of the figure because their target is not finite, "
            "the first of them trial %d.",
            np.count_nonzero(~finite),
            numbers[~finite][0],
        )
    return Trials(
        history,
        numbers[finite],
        values[finite],
        sems[finite],
        feasible[finite],
        name,
        direction,
        int(np.count_nonzero(finite)),
    )


def objective_index(study: StudyLike, target: int | str | None) -> int:
    """The objective that ``target`` means; None means the first."""
    if target is None:
        return 0
    names = list(study.metric_names or ())
    if isinstance(target, str) and target in names:
        return names.index(target)
    m = len(study.directions)
    if isinstance(target, (str, bool)) or not 0 <= target < m:
        raise InvalidArgument("target", f"an objective of {names or list(range(m))}", target)
    return target


def objective_name(study: StudyLike, objective: int) -> str:
    """The metric's name, or what stands for it."""
    if study.metric_names:
        return study.metric_names[objective]
    return DEFAULT_TARGET_NAME if len(study.directions) == 1 else f"Objective {objective}"


def choose_params(trials: Trials, params: Sequence[str] | None) -> list[str]:
    """The parameters to draw: those asked for, in that order, or all there are.

    Raises:
        InvalidArgument: If one is in none of the trials.
    """
    known = trials.parameters()
    if params is None:
        return known
    for name in params:
        if name not in known:
            raise InvalidArgument("params", f"parameters of the study's trials, {known}", name)
    return list(dict.fromkeys(params))


def explained(trials: Trials, name: str) -> float:
    """The share of the variance of the values' ranks that one parameter explains, 0 to 1.

    The correlation ratio (Fisher, "Statistical Methods for Research Workers", 1925, on the
    analysis of variance) over ten bins of equal count, or over the levels if they are fewer;
    less the share that as many bins would explain by chance.
    """
    column = trials.column(name)
    present = ~np.isnan(column)
    ranks, column = average_ranks(trials.values[present]), column[present]
    n = len(column)
    levels, codes = np.unique(column, return_inverse=True)
    if len(levels) > 10:
        codes = (average_ranks(column) * 10 / n).astype(np.int64)
    counts = np.bincount(codes)
    total = ranks.var()
    if total == 0.0 or n <= len(counts):
        return 0.0
    filled = counts > 0
    means = np.bincount(codes, ranks)[filled] / counts[filled]
    ratio = float(counts[filled] @ (means - ranks.mean()) ** 2 / (n * total))
    by_chance = (np.count_nonzero(filled) - 1) / (n - 1)
    return max(0.0, ratio - by_chance) * n / trials.total


def most_telling_first(trials: Trials) -> list[str]:
    """The parameters of the trials, those first that explain most (see `explained`)."""
    sample = trials.thinned(_SAMPLE)
    shares = {name: explained(sample, name) for name in trials.parameters()}
    return sorted(shares, key=lambda name: -shares[name])


def average_ranks(values: Floats) -> Floats:
    """Ranks from 0, equal values sharing their mean rank; shape (n,)."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1
    shared: Floats = last - (counts - 1) / 2.0
    return shared[codes]


def _is_study(study: object) -> bool:
    return hasattr(study, "history") and hasattr(study, "directions")


def _call(target: Callable[[FrozenTrial], float], trial: FrozenTrial) -> float:
    value = target(trial)
    try:
        return float(value)
    except (TypeError, ValueError):
        warnings.warn(
            f"Trial {trial.number}: the target's value {value!r} is not a number.",
            UserWarning,
            stacklevel=4,
        )
        raise
