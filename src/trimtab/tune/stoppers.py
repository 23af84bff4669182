"""When a trial, or the whole run, has done enough."""

from __future__ import annotations

import math
import numbers
import statistics
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Literal

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space.checks import check_count, check_number
from trimtab.space.made import MadeOf
from trimtab.space.paths import flattened
from trimtab.tune.metrics import ITERATION


class Stopper(MadeOf):
    """Decides after every result; for subclassing.

    What it was made of is kept in ``made_of``, so that a run can be taken up again with its like.
    """

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Whether the trial stops here."""
        raise NotImplementedError(f"{type(self).__name__} has no `__call__`")

    def stop_all(self) -> bool:
        """Whether the whole run stops here."""
        return False

    def next_iteration(self, iteration: int) -> int | None:
        """The iteration at which it has to be asked next, after ``iteration``; None: never."""
        return iteration + 1


class NoopStopper(Stopper):
    """Stops nothing."""

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """False."""
        return False

    def next_iteration(self, iteration: int) -> int | None:
        """Never."""
        return None


class DictStopper(Stopper):
    """Stops a trial when one of its metrics is at least so much.

    Args:
        bounds: By metric, nested ones by their paths.
    """

    def __init__(self, bounds: Mapping[str, float]) -> None:
        for name, bound in bounds.items():
            if isinstance(bound, bool) or not isinstance(bound, numbers.Real):
                raise InvalidType("stop", f"a number for {name!r}", bound)
        self.bounds = dict(bounds)

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Whether a bound is reached.

        Raises:
            InvalidArgument: If the result lacks a metric that has a bound, or has no number there.
        """
        flat = result if all(name in result for name in self.bounds) else flattened(result)
        for name, bound in self.bounds.items():
            if name not in flat:
                raise InvalidArgument("stop", f"metrics that are reported: {sorted(flat)}", name)
            try:
                is_reached = bool(flat[name] >= bound)
            except TypeError as error:
                raise InvalidArgument("stop", f"a number as {name!r}", flat[name]) from error
            if is_reached:
                return True
        return False

    def next_iteration(self, iteration: int) -> int | None:
        """The bound of the iterations, where there is no other."""
        if set(self.bounds) == {ITERATION}:
            return max(math.ceil(self.bounds[ITERATION]), iteration + 1)
        return iteration + 1


class FunctionStopper(Stopper):
    """Stops a trial when a function of its id and result says so."""

    def __init__(self, function: Callable[[str, dict[str, Any]], bool]) -> None:
        if not callable(function):
            raise InvalidType("function", "a function of trial id and result", function)
        self._function = function

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """What the function says."""
        return bool(self._function(trial_id, result))


class MaximumIterationStopper(Stopper):
    """Stops every trial after ``max_iter`` results."""

    def __init__(self, max_iter: int) -> None:
        self.max_iter = check_count("max_iter", max_iter, 1)

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Whether it was the last."""
        return int(result[ITERATION]) >= self.max_iter

    def next_iteration(self, iteration: int) -> int | None:
        """The last."""
        return max(self.max_iter, iteration + 1)


class TimeoutStopper(Stopper):
    """Stops the run after a time.

    Args:
        timeout: Seconds, or a timedelta.
    """

    def __init__(self, timeout: float | timedelta) -> None:
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        self.seconds = check_number("timeout", seconds, 0.0)
        self._began: float | None = None

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """False: it is the run that stops."""
        return False

    def stop_all(self) -> bool:
        """Whether the time is over, which begins when it is first asked."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        return now - self._began >= self.seconds

    def next_iteration(self, iteration: int) -> int | None:
        """Never: the run asks by itself."""
        return None


class TrialPlateauStopper(Stopper):
    """Stops a trial whose metric no longer moves.

    Args:
        metric: Which.
        std: Standard deviation of the last results at which it counts as still.
        num_results: How many these are.
        grace_period: Results before which no trial stops.
        metric_threshold: Only a trial that is at least so good (at most, for ``mode="min"``) stops.
        mode: Of the threshold.
    """

    def __init__(
        self,
        metric: str,
        std: float = 0.01,
        num_results: int = 4,
        grace_period: int = 4,
        metric_threshold: float | None = None,
        mode: Literal["min", "max"] | None = None,
    ) -> None:
        if metric_threshold is not None and mode not in ("min", "max"):
            raise InvalidArgument("mode", "'min' or 'max' with a `metric_threshold`", mode)
        self._metric = metric
        self._std = check_number("std", std, 0.0)
        self._num_results = check_count("num_results", num_results, 1)
        self._grace_period = check_count("grace_period", grace_period, 0)
        self._threshold = metric_threshold
        self._mode = mode
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._last: defaultdict[str, deque[float]] = defaultdict(
            lambda: deque(maxlen=self._num_results)
        )

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Whether the trial stands still."""
        value = float(result[self._metric])
        self._last[trial_id].append(value)
        self._counts[trial_id] += 1
        if self._counts[trial_id] < self._grace_period:
            return False
        if len(self._last[trial_id]) < self._num_results:
            return False
        if self._threshold is not None:
            good = value <= self._threshold if self._mode == "min" else value >= self._threshold
            if not good:
                return False
        return statistics.pstdev(self._last[trial_id]) < self._std


class ExperimentPlateauStopper(Stopper):
    """Stops the run when its best results are alike and do not get better.

    Args:
        metric: Which.
        std: Standard deviation of the best ``top`` results at which these count as alike.
        top: How many these are.
        mode: ``"min"`` or ``"max"``.
        patience: For how many more results that has to last.
    """

    def __init__(
        self,
        metric: str,
        std: float = 0.001,
        top: int = 10,
        mode: Literal["min", "max"] = "min",
        patience: int = 0,
    ) -> None:
        if mode not in ("min", "max"):
            raise InvalidArgument("mode", "'min' or 'max'", mode)
        self._metric = metric
        self._std = check_number("std", std, 0.0)
        self._top = check_count("top", top, 2)
        self._sign = 1.0 if mode == "min" else -1.0
        self._patience = check_count("patience", patience, 0)
        self._best: list[float] = []
        self._still = 0

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Take the result in; whether the run is to stop."""
        value = float(result[self._metric])
        if value == value:
            self._best = sorted([*self._best, self._sign * value])[: self._top]
        alike = len(self._best) == self._top and statistics.pstdev(self._best) <= self._std
        self._still = self._still + 1 if alike else 0
        return self.stop_all()

    def stop_all(self) -> bool:
        """Whether it has lasted."""
        return self._still > self._patience


class CombinedStopper(Stopper):
    """Stops where any of several stoppers does."""

    def __init__(self, *stoppers: Stopper) -> None:
        for stopper in stoppers:
            if not isinstance(stopper, Stopper):
                raise InvalidType("stoppers", "stoppers", stopper)
        self._stoppers = stoppers

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Whether one of them says so; all of them take the result in."""
        says = [stopper(trial_id, result) for stopper in self._stoppers]
        return any(says)

    def stop_all(self) -> bool:
        """Whether one of them says so."""
        return any(stopper.stop_all() for stopper in self._stoppers)

    def next_iteration(self, iteration: int) -> int | None:
        """The nearest of theirs."""
        near = [stopper.next_iteration(iteration) for stopper in self._stoppers]
        return min((each for each in near if each is not None), default=None)


def as_stopper(stop: Any) -> Stopper:
    """What a `RunConfig` has for ``stop``, as a stopper.

    Raises:
        InvalidType: If it is none of the things it may be.
    """
    if stop is None:
        return NoopStopper()
    if isinstance(stop, Stopper):
        return stop
    if isinstance(stop, Mapping):
        return DictStopper(stop)
    if isinstance(stop, (list, tuple)):
        return CombinedStopper(*(as_stopper(each) for each in stop))
    if callable(stop):
        return FunctionStopper(stop)
    raise InvalidType("stop", "a dictionary, a function or a stopper", stop)
