"""What a study comes to: counts, pace, the best trial or the front, the best arm."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from trimtab.records import FrozenTrial, History, TrialState
from trimtab.records.lineage import CONFIG, descents_in, flat_config, has_lineage
from trimtab.space import encode_json
from trimtab.storage.rules import FAIL_REASON
from trimtab.study.arms import Arm
from trimtab.study.best import Incumbent, NoBestTrial, best_arm, pareto_numbers
from trimtab.study.goal import goal_in

if TYPE_CHECKING:
    from trimtab.dashboard.context import StudyView

FRONT_ROWS: Final = 20
"""How many trials of a front are listed."""

_PACE_TRIALS = 20
_MICROS = 1e6
_IDLE = 60.0  # seconds without an end


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast trials end.

    Attributes:
        per_hour: Of the last 20 trials that ended; None where nobody knows, or nothing ended
            lately.
        mean_seconds: How long these took, or None.
        left: Seconds until what is to be done is done at that pace: the queued and the running
            trials, or more where a run wants more; None where nothing is to come.
    """

    per_hour: float | None = None
    mean_seconds: float | None = None
    left: float | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """A study at one revision.

    Attributes:
        counts: How many trials there are in each state; archived ones are left out.
        archived: How many trials are archived.
        infeasible: How many complete trials violate a constraint.
        constrained: Whether the study has constraints.
        reports: Whether a trial has reported anything.
        lineage: Whether a trial went on from another.
        failure: The last trial that failed and why, or None.
        pace: How fast trials end, as of when this was found.
        best: The best feasible complete trial of a single-objective study.
        front: Of several objectives: the first trials of the Pareto front, by first objective.
        front_size: How many trials are on it.
        arm: The best arm by the model, where anything tells of noise.
    """

    counts: Mapping[TrialState, int]
    archived: int
    infeasible: int
    constrained: bool
    reports: bool
    lineage: bool
    failure: tuple[int, str] | None
    pace: Pace
    best: FrozenTrial | None
    front: Sequence[FrozenTrial]
    front_size: int
    arm: Arm | None

    @property
    def best_params(self) -> Mapping[str, Any]:
        """The best trial's parameters; where it went on from others, its config at the end."""
        if self.best is None:
            return {}
        if not self.best_descents:
            return self.best.params
        config = self.best.system_attrs.get(CONFIG)
        return flat_config(config) if isinstance(config, Mapping) else self.best.params

    @property
    def best_descents(self) -> int:
        """How often the best trial went on from another."""
        return 0 if self.best is None else len(descents_in(0, self.best.system_attrs))

    @property
    def total(self) -> int:
        """How many trials there are."""
        return sum(self.counts.values())


class Glances:
    """The last glances, by study and revision: many readers of one study are one reading.

    Args:
        size: How many studies are kept; of one that goes the history goes, too.
    """

    def __init__(self, size: int = 32) -> None:
        self._kept: OrderedDict[tuple[str, int], tuple[StudyView, int, Glance]] = OrderedDict()
        self._lock = threading.Lock()
        self._size = size
        self._workers = ThreadPoolExecutor(2, "glance")

    def soon(self, study: StudyView, patience: float) -> Glance | None:
        """The glance at a study if it is there within ``patience`` seconds; else it is on its way.

        A page need not wait until 100,000 trials are read: it shows what is there and asks again.
        """
        looking = self._workers.submit(self.of, study, time.time())
        try:
            return looking.result(patience)
        except TimeoutError:
            return None

    def of(self, study: StudyView, now: float) -> Glance:
        """The glance at a study.

        Args:
            study: The study.
            now: Seconds since the epoch.
        """
        key = (study.ref, study.record.created)
        with self._lock:
            _, revision, glance = self._kept.get(key, (study, -1, None))
        if glance is None or revision != study.record.revision:
            revision, glance = _look(study, now)
        with self._lock:
            self._kept[key] = (study, revision, glance)
            self._kept.move_to_end(key)
            gone = self._kept.popitem(last=False)[1][0] if len(self._kept) > self._size else None
        if gone is not None:
            gone.storage.forget(gone.study_id)
        return glance


def _look(study: StudyView, now: float) -> tuple[int, Glance]:
    with study.storage.lock:
        history = study.history
        counts = _counts(history)
        numbers = _front(history) if history.n_objectives > 1 else np.empty(0, dtype=np.int64)
        complete = history.usable(TrialState.COMPLETE)
        glance = Glance(
            counts=counts,
            archived=int(np.count_nonzero(history.archived & (history.states >= 0))),
            infeasible=int(np.count_nonzero(history.violation[complete] > 0.0)),
            constrained=bool(history.constraint_names),
            reports=any(True for _ in history.reported()),
            lineage=has_lineage(history),
            failure=_failure(history),
            pace=pace(history, counts, now, goal_in(study.record.system_attrs)),
            best=_best(history),
            front=[history.trial(int(number)) for number in numbers[:FRONT_ROWS]],
            front_size=len(numbers),
            arm=_arm(history, complete),
        )
        return history.revision, glance


def _counts(history: History) -> dict[TrialState, int]:
    states = history.states[~history.archived]
    return {state: int(np.count_nonzero(states == state)) for state in TrialState}


def pace(
    history: History, counts: Mapping[TrialState, int], now: float, goal: int | None = None
) -> Pace:
    """How fast trials end lately.

    Args:
        history: Of the study.
        counts: How many trials there are in each state.
        now: Seconds since the epoch.
        goal: How many trials the study is to come to, if that was said.
    """
    recent = history.finished[-_PACE_TRIALS:]
    recent = recent[history.finished_at[recent] > 0]
    if len(recent) < 2:
        return Pace()
    ended = np.sort(history.finished_at[recent]) / _MICROS
    began = history.started[recent] / _MICROS
    took = (history.finished_at[recent] / _MICROS - began)[began > 0.0]
    mean = float(took.mean()) if len(took) else None
    gap = float(ended[-1] - ended[0]) / (len(ended) - 1)
    if now - ended[-1] > max(_IDLE, 10.0 * gap):
        return Pace(None, mean)
    # Where nothing has ended for longer than usual, the pace is slower than it was.
    gap = max(gap, now - float(ended[-1]), 1e-3)
    queued, running = counts[TrialState.WAITING], counts[TrialState.RUNNING]
    to_come = max(queued, 0 if goal is None else goal - len(history.finished) - running)
    left = gap * (to_come + running) if to_come or (goal and running) else None
    return Pace(3600.0 / gap, mean, left)


def _best(history: History) -> FrozenTrial | None:
    if history.n_objectives > 1:
        return None
    try:
        return history.trial(Incumbent().number(history))
    except NoBestTrial:
        return None


def _failure(history: History) -> tuple[int, str] | None:
    failed = history.usable(TrialState.FAIL)
    if not len(failed):
        return None
    last = int(failed[np.argmax(history.finished_at[failed])])
    return last, str(history.system_attrs(last).get(FAIL_REASON) or "")


def _front(history: History) -> NDArray[np.int64]:
    numbers = pareto_numbers(history)
    return numbers[np.argsort(history.losses[numbers, 0], kind="stable")]


def _arm(history: History, complete: NDArray[np.int64]) -> Arm | None:
    """The best arm, where there is more to say of it than of the best trial."""
    if history.n_objectives > 1 or len(complete) < 2:
        return None
    is_noisy = bool((history.sems[complete, 0] > 0.0).any())
    if not is_noisy and not _has_replicates(history, complete):
        return None
    try:
        return best_arm(history)
    except NoBestTrial:
        return None


def _has_replicates(history: History, complete: NDArray[np.int64]) -> bool:
    """Whether two complete trials have equal parameters."""
    if not len(history.space):
        return False
    # Equal rows have equal sums, and others hardly ever: one column is sorted instead of all.
    weights = np.random.default_rng(0).random(len(history.space))
    sums = np.zeros(len(complete))
    for weight, name in zip(weights, history.space, strict=True):
        sums += weight * np.nan_to_num(history.raw(name)[complete], nan=-12345.678)
    return len(np.unique(sums)) < len(sums)


def attributes(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Attributes by name, each value as people read it."""
    return [
        (name, value if isinstance(value, str) else json.dumps(encode_json(value)))
        for name, value in sorted(values.items())
    ]
