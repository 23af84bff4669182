"""The Tuner beside Ray Tune: what a run, a trial and a report cost when training costs nothing."""

from __future__ import annotations

import tempfile
from typing import Any

from benchmarks.harness import Reading, Readings, Spread, Task, column, measure, progress, ratio
from benchmarks.results import Figure, Options, Section, Table, Target, duration, judged, plain

_RAY_ROUNDS = 2  # of what takes Ray Tune minutes
_ROUNDS = 3  # of what takes us half a minute
_TRIALS = 100
_ITS_TIME = "× Ray Tune's time"


def run(options: Options) -> Section:
    """The tutorial, trials that do nothing, reports, a population, a run of many trials."""
    steps = 100 if options.quick else 1_000
    progress("  a population")
    with tempfile.TemporaryDirectory(prefix="trimtab-bench-") as place:  # first, and left till then
        runs = min(options.rounds, 1 if options.quick else _ROUNDS)
        population = measure({"inline": _member(steps, place)}, runs)["inline"]
    few = 1 if options.quick else _RAY_ROUNDS
    some = min(options.rounds, 1 if options.quick else _ROUNDS)
    tutorial = measure(
        {
            "process": _ours("population_based"),
            "inline": _ours("population_based", executor="inline"),
            "ray": _theirs("population_based", few),
        },
        options.rounds,
    )
    trials = 20 if options.quick else _TRIALS
    progress(f"  {trials} trials that do nothing")
    trivial = measure(
        {
            "process": _ours("trivial", trials=trials),
            "ray executor": _ours("trivial", executor="ray", trials=trials),
            # Once: the longest of all, and far enough away.
            "ray": _theirs("trivial", 1, trials=trials),
        },
        some,
    )
    progress("  reports, imports")
    reports = measure(
        {
            "process": _ours("reports", each=10_000 if options.quick else 50_000),
            "ray": _theirs("reports", few, each=1_000),
        },
        some,
    )
    imports = measure(
        {name: Task("tuner_runs:import_time", {"library": name}) for name in ("trimtab", "ray")},
        some,
    )
    sizes = (100, 1_000) if options.quick else (100, 1_000, 10_000)
    progress(f"  up to {sizes[-1]:,} trials in a run")
    many = measure({f"{size:,}": _many(size, sizes[-1]) for size in sizes}, min(some, 2))
    return Section(
        "The Tuner",
        (
            *_against_ray(tutorial, trivial, trials),
            judged(
                "reports without checkpoint, process",
                Target(5_000, 20_000, "a second", at_most=False),
                Spread.of(column(reports["process"], "rate")),
            ),
            plain("Ray Tune's", Spread.of(column(reports["ray"], "rate")), "reports a second"),
            judged(
                f"population of 64 × {steps:,} steps, perturbed every 10, inline: overhead",
                Target(100, 50, "µs a step"),
                Spread.of(column(population, "overhead")),
            ),
            *_of_many(many, sizes[-1]),
            plain(
                "`from trimtab import tune`",
                ratio(column(imports["trimtab"], "import"), column(imports["ray"], "import")),
                "× Ray Tune's",
            ),
        ),
        (_seconds(tutorial, trivial, imports, trials), _growth(many, population)),
        _notes(few),
    )


def _ours(function: str, **arguments: Any) -> Task:
    return Task(f"tuner_runs:{function}", {"library": "trimtab", **arguments})


def _theirs(function: str, rounds: int, **arguments: Any) -> Task:
    return Task(f"tuner_runs:{function}", {"library": "ray", **arguments}, rounds)


def _member(steps: int, place: str) -> Task:
    arguments = {"members": 64, "steps": steps, "every": 10, "place": place}
    return Task("tuner_runs:population", arguments)


def _many(size: int, largest: int) -> Task:
    marks = [largest // 10, largest // 2, largest] if size == largest else []
    return Task("tuner_runs:many", {"trials": size, "marks": marks})


def _against_ray(tutorial: Readings, trivial: Readings, trials: int) -> tuple[Figure, ...]:
    def beside(name: str, readings: Readings, ours: str, must: float, aim: float) -> Figure:
        # Rounds of which Ray Tune's is left out are held against its last.
        theirs = column(readings["ray"], "first")
        mine = column(readings[ours], "first")
        theirs += theirs[-1:] * (len(mine) - len(theirs))
        return judged(name, Target(must, aim, _ITS_TIME), ratio(mine, theirs))

    its_pbt = "the tutorial's PBT (2 trials × 100 steps)"
    return (
        beside(f"{its_pbt}, process", tutorial, "process", 1 / 50, 1 / 100),
        judged(
            f"{its_pbt}, inline",
            Target(0.5, 0.2, "s"),
            Spread.of(column(tutorial["inline"], "first")),
        ),
        beside(f"{trials} trials that do nothing, process", trivial, "process", 1 / 50, 1 / 200),
        beside("the same, Ray executor", trivial, "ray executor", 1 / 2, 1 / 20),
    )


def _of_many(many: Readings, size: int) -> tuple[Figure, ...]:
    taken = many[f"{size:,}"]
    growth = ratio(column(taken, f"after {size}"), column(taken, f"after {size // 10}"))
    percent = Spread(*(100.0 * (each - 1.0) for each in (growth.median, growth.low, growth.high)))
    each = ratio(column(taken, "each"), column(many[f"{size // 10:,}"], "each"))
    return (
        judged(
            f"memory of the driver, from trial {size // 10:,} to {size:,}",
            Target(20, 5, "% more"),
            percent,
        ),
        plain(f"a trial in a run of {size:,}", each, f"× its time in a run of {size // 10:,}"),
    )


def _seconds(tutorial: Readings, trivial: Readings, imports: Readings, trials: int) -> Table:
    def cells(readings: list[Reading]) -> tuple[str, ...]:
        return tuple(
            duration(Spread.of(column(readings, key)).median) if key in readings[0] else "–"
            for key in ("first", "again")
        )

    rows = [
        ("the tutorial's PBT: Trimtab, process", *cells(tutorial["process"])),
        ("Trimtab, inline", *cells(tutorial["inline"])),
        ("Ray Tune", *cells(tutorial["ray"])),
        (f"{trials} trials: Trimtab, process", *cells(trivial["process"])),
        ("Trimtab, Ray executor", *cells(trivial["ray executor"])),
        ("Ray Tune", *cells(trivial["ray"])),
    ]
    for library, title in (("trimtab", "Trimtab"), ("ray", "Ray Tune")):
        taken = Spread.of(column(imports[library], "import")).median
        rows.append((f"import of {title}'s `tune`", duration(taken), "–"))
    return Table("Seconds", ("", "first in its process", "once more"), tuple(rows))


def _growth(many: Readings, population: list[Reading]) -> Table:
    rows = []
    for size, taken in many.items():
        marks = {key: column(taken, key) for key in taken[0] if key.startswith("after")}
        memory = ", ".join(f"{Spread.of(mib).median:.0f}" for mib in marks.values())
        each = duration(Spread.of(column(taken, "each")).median)
        rows.append((f"{size} trials, inline", each, f"{memory} MiB" if memory else "–"))
    own = duration(1e-6 * Spread.of(column(population, "own")).median)
    rows.append(("a population's step by itself", own, "–"))
    return Table("As a run grows", ("", "each", "driver after a tenth, half and all"), tuple(rows))


def _notes(few: int) -> tuple[str, ...]:
    return (
        (
            "From `fit()` to its return, the first in its process, so with what is imported and "
            "made on first use, the worker processes among it; the import before it is a row of "
            "its own. Ray was begun before, and had run a task. All with default settings: both "
            "keep every result, in files (Ray Tune) or in SQLite (Trimtab)."
        ),
        (
            "The tutorial is Ray's own on PBT; a trial that does nothing reports once. Ray Tune "
            f"takes part in {few} round{'s' if few > 1 else ''}, its trivial trials in one: they "
            "take minutes. Its population of 64 is not measured: at its pace of the tutorial it "
            "would take more than an hour."
        ),
        (
            "Reports: two trials that do nothing else, less what a run with one report takes. "
            "Overhead of a population: the run, less the same training loop without a Tuner, its "
            "files included; first of all and with its files left until all rounds are done, as a "
            "file system makes files slowly where thousands were just removed. Many trials: one "
            "report each, in the driver's process, random search."
        ),
    )
