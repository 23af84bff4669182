"""Racing beside fixed repeats: who is named the best of noisy arms."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.harness import Reading, Spread, Task, read
from benchmarks.results import Figure, Options, Section, Table, Target, judged, plain

_NOISES = (0.5, 1.0, 2.0)
_SWEEPS = 200


@dataclass(frozen=True)
class Contest:
    """Racing beside fixed repeats, at each level of noise.

    Attributes:
        title: As it is printed.
        sampler: See `benchmarks.races.SAMPLERS`.
        race: Minimum, maximum and extra share.
        fixed: How often every arm is run in the other.
        runs: In each sweep, at most.
        most: Arms that there are; None: no end of them.
    """

    title: str
    sampler: str
    race: tuple[int, int, float]
    fixed: int
    runs: int
    most: int | None

    def task(self, noise: float, sweeps: int) -> Task:
        """What is to be read at a level of noise."""
        arguments = {
            "sampler": self.sampler,
            "race": self.race,
            "fixed": self.fixed,
            "runs": self.runs,
            "most": self.most,
            "noise": noise,
            "sweeps": sweeps,
        }
        return Task("races:contest", arguments)


_SAME_ARMS = (
    Contest("20 random arms, 80 runs", "random", (2, 16, 1 / 3), 4, 80, 20),
    Contest("20 random arms, 120 runs", "random", (2, 24, 1 / 3), 6, 120, 20),
)
_NEW_ARMS = (
    Contest("random arms, 60 runs", "random", (3, 12, 1 / 3), 3, 60, None),
    Contest("random arms, 32 runs", "random", (3, 6, 1 / 3), 3, 32, None),
)
_WITH_TPE = (Contest("arms of TPE, 60 runs", "TPE", (3, 12, 1 / 3), 3, 60, None),)


def run(options: Options) -> Section:
    """How often the winner is not the best of the arms that were tried."""
    sweeps = 20 if options.quick else _SWEEPS
    contests = (*_SAME_ARMS, *_NEW_ARMS, *_WITH_TPE)
    tasks = [contest.task(noise, sweeps) for contest in contests for noise in _NOISES]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        readings = iter(list(pool.map(read, tasks)))
    found = {contest: [next(readings) for _ in _NOISES] for contest in contests}
    unit = "× the wrong winners of fixed repeats"
    return Section(
        "Racing",
        (
            judged(
                f"wrong winners among 20 noisy arms, {sweeps} sweeps each",
                Target(0.7, 0.5, unit),
                pooled([found[contest] for contest in _SAME_ARMS]),
            ),
            _plain("the same, with new arms while worth it", _NEW_ARMS, found, unit),
            _plain("the same, with new arms of TPE", _WITH_TPE, found, unit),
        ),
        (_table(found),),
        (
            (
                "A winner is wrong if its true loss is not the least of all arms tried. Random "
                "arms have true losses of standard normal distribution, those of TPE are points "
                "of a square whose loss is the sum of two squares; noise is in units of the "
                "standard deviation of the arms' true losses. Both kinds of sweep have the same "
                "sampler, budget and noise, and name the best by the same rule. The figure is of "
                "all wrong winners at all levels of noise and budgets, and its range that of the "
                "single rows."
            ),
            (
                "In the first figure both try the same 20 arms, and nothing but the repeats "
                "differs; where all is clear, racing ends early, and has fewer runs. In the others "
                "the minimum of racing is that of fixed repeats, which therefore try more arms; "
                "whether that pays tells the true loss of the winner, whose mean is in the table."
            ),
        ),
    )


def pooled(readings: list[list[Reading]]) -> Spread:
    """The ratio of all wrong winners, and the range of the single ratios."""
    rows = [reading for each in readings for reading in each]
    whole = sum(row["race wrong"] for row in rows) / sum(row["fixed wrong"] for row in rows)
    single = [
        row["race wrong"] / row["fixed wrong"] if row["fixed wrong"] else math.inf
        for row in rows
        if row["fixed wrong"] or row["race wrong"]
    ]
    return Spread(whole, min(single), max(single))


def _plain(
    name: str,
    contests: tuple[Contest, ...],
    found: dict[Contest, list[Reading]],
    unit: str,
) -> Figure:
    return plain(name, pooled([found[contest] for contest in contests]), unit)


def _table(found: dict[Contest, list[Reading]]) -> Table:
    rows = []
    for contest, readings in found.items():
        least, most, _ = contest.race
        for noise, row in zip(_NOISES, readings, strict=True):
            rows.append(
                (
                    f"{contest.title}: {least} to {most} of each, or {contest.fixed}",
                    f"{noise:g}",
                    *(f"{row[f'{each} wrong']:.1%}" for each in ("race", "fixed")),
                    *(f"{row[f'{each} loss']:.3f}" for each in ("race", "fixed")),
                    *(
                        f"{row[f'{each} runs']:.0f} of {row[f'{each} arms']:.1f}"
                        for each in ("race", "fixed")
                    ),
                )
            )
    header = (
        "",
        "noise",
        "wrong, racing",
        "fixed",
        "winner's true loss, racing",
        "fixed",
        "runs of arms, racing",
        "fixed",
    )
    return Table("Wrong winners", header, tuple(rows))
