"""The reports of a study's trials, by step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from trimtab.records.update import Report


class _Range:
    """The least and the greatest of some numbers, NaN left out."""

    __slots__ = ("greatest", "least")

    def __init__(self) -> None:
        self.least = self.greatest = math.nan

    def add(self, value: float) -> None:
        if not self.least <= value:
            self.least = value if value == value else self.least
        if not self.greatest >= value:
            self.greatest = value if value == value else self.greatest


class Reports:
    """Reports by number of their trial and step, and the ranges of their values."""

    def __init__(self) -> None:
        self._steps: dict[int, dict[int, Report]] = {}
        self._ranges: dict[int, dict[str, _Range]] = {}  # of what was asked for, by metric

    def numbers(self) -> Iterable[int]:
        """Numbers of the trials that have reports."""
        return self._steps.keys()

    def of(self, number: int) -> Mapping[int, Report]:
        """Reports of one trial by step, ascending; read only."""
        return self._steps.get(number, {})

    def last_step(self, number: int) -> int | None:
        """The last step at which one trial reported anything."""
        steps = self._steps.get(number)
        return next(reversed(steps)) if steps else None

    def newest(self, number: int, metric: str) -> Iterator[tuple[int, float]]:
        """(step, value) of one trial's reports of ``metric``, the last step first."""
        reports = self._steps.get(number, {})
        for step in reversed(reports):
            metrics = reports[step].metrics
            if metric in metrics:
                yield step, metrics[metric]

    def value_range(self, number: int, metric: str) -> tuple[float, float]:
        """Least and greatest value of ``metric`` in one trial; see `History.value_range`."""
        ranges = self._ranges.setdefault(number, {})
        found = ranges.get(metric)
        if found is None:
            found = ranges[metric] = _Range()
            for _, value in self.newest(number, metric):
                found.add(value)
        return found.least, found.greatest

    def put(self, number: int, reports: Mapping[int, Report]) -> None:
        """Keep a copy of the whole of one trial's reports, in place of those known."""
        self._ranges.pop(number, None)
        if reports:
            self._steps[number] = dict(reports)
        else:
            self._steps.pop(number, None)

    def add(self, number: int, report: Report) -> None:
        """Take over one report; what is known of its step stays."""
        known = self._steps.setdefault(number, {})
        before = known.get(report.step)
        if before is not None:
            report = before.merged(report)
        ascending = before is not None or not known or report.step > next(reversed(known))
        known[report.step] = report
        if not ascending:
            self._steps[number] = dict(sorted(known.items()))
        ranges = self._ranges.get(number)
        for metric, found in ranges.items() if ranges else ():
            if metric in report.metrics:
                found.add(report.metrics[metric])

    def remove(self, number: int) -> None:
        """Forget those of one trial."""
        self._steps.pop(number, None)
        self._ranges.pop(number, None)
