"""The dashboards in a browser: how long until a study is seen, and what an open page costs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.browser import (
    SETTLE,
    TICK,
    browser_page,
    seconds_to_answer,
    seconds_until,
    served,
)
from benchmarks.harness import Reading, Readings, Spread, Task, column, measure, ratio
from benchmarks.kept import NAME, kept_file, storage_of
from benchmarks.libraries import load
from benchmarks.results import Figure, Options, Section, Table, Target, duration, judged, plain

_DIMENSION = 10
_ROUNDS = 3  # of what takes minutes

# Plotly draws the points of both dashboards, ours in an element that names its figure.
_POINTS = {
    "trimtab": '[data-figure*="figures/history"] .scatterlayer .points path',
    "optuna": ".js-plotly-plot .scatterlayer .points path",
}
# The first picture of ours has the same points, and is drawn before plotly.js is there.
_SEEN = {
    "trimtab": f"{_POINTS['trimtab']}, [data-figure*='figures/history'] .sketch-points",
    "optuna": _POINTS["optuna"],
}
_PICTURE = "selector => document.querySelector(selector).parentElement.innerHTML.length"
_CHANGED = """([selector, before]) => {
  const point = document.querySelector(selector);
  return point !== null && point.parentElement.innerHTML.length !== before;
}"""
_ROWS = "table tbody tr, .MuiListItemButton-root"
_STUDY = {"trimtab": "/studies/0-1", "optuna": "/dashboard/studies/1"}
_TRIALS = {"trimtab": "/studies/0-1/trials", "optuna": "/dashboard/studies/1/trialTable"}

# What the page of trials asks for when a person filters or sorts; Optuna's does that by itself.
_FILTERED = "/table?where=value+%3C+90+and+params.x1+%3E+1.5+and+state+%3D%3D+%22COMPLETE%22"
_SORTED = "/table?sort=params.x3&desc=1"


def look(library: str, path: str) -> Reading:
    """Seconds until pages are drawn and until a change is seen; bytes of the server."""
    reading: Reading = {}
    points = _POINTS[library]
    with served(library, path) as server, browser_page(library, server.base) as page:
        study = server.base + _STUDY[library]
        reading["seen"], reading["first"] = seconds_until(page, study, _SEEN[library], points)
        page.wait_for_timeout(2_000)
        (reading["again"],) = seconds_until(page, study, points)
        page.wait_for_timeout(2_000)
        trials = server.base + _TRIALS[library]
        (reading["trials"],) = seconds_until(page, trials, _ROWS, least=6)
        if library == "trimtab":
            reading["filter"] = seconds_to_answer(page, trials + _FILTERED)
            reading["sort"] = seconds_to_answer(page, trials + _SORTED)
        seconds_until(page, study, points)
        page.wait_for_timeout(3_000)
        reading["change"] = _seconds_to_change(library, path, page, points)
        family = [server.process, *server.process.children(recursive=True)]
        reading["memory"] = float(sum(each.memory_info().rss for each in family))
    return reading


_TELL = """
import sys, time
from benchmarks.kept import NAME, storage_of
from benchmarks.libraries import load
module = load(sys.argv[1])
study = module.load_study(study_name=NAME, storage=storage_of(sys.argv[1], module, sys.argv[2]))
trial = study.ask()
sys.stdin.readline()
study.tell(trial, float(sys.argv[3]))
print(time.time())
"""


def _seconds_to_change(library: str, path: str, page: Any, points: str) -> float:
    """From the end of a tell in another process until the history is another picture."""
    # A value far off moves the axis, and with it every point.
    value = 1e4 * (1.0 + time.time() % 1e4)
    teller = subprocess.Popen(
        [sys.executable, "-c", _TELL, library, path, str(value)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    # The picture is drawn for the trial that was asked for, too; that is over by then.
    time.sleep(20.0 if library == "optuna" else 6.0)
    before = page.evaluate(_PICTURE, points)
    told, _ = teller.communicate("\n")
    page.wait_for_function(_CHANGED, arg=[points, before], polling=TICK)
    return time.time() - float(told.split()[-1])


def slowed(library: str, path: str, n_trials: int) -> Reading:
    """How much longer a study takes while its page is open, trial by trial.

    Trials with and without an open page take turns in blocks, so that what else the machine does
    falls on both.
    """
    module = load(library)
    study = module.load_study(
        study_name=NAME,
        storage=storage_of(library, module, path),
        sampler=module.samplers.RandomSampler(seed=1),
    )

    def block() -> float:
        start = time.perf_counter()
        study.optimize(_compute, n_trials=n_trials)
        return time.perf_counter() - start

    block()
    with_page, without = [], []
    with served(library, path) as server, browser_page(library, server.base) as page:
        for _ in range(3):
            page.goto("about:blank")
            time.sleep(SETTLE)
            without.append(block())
            seconds_until(page, server.base + _STUDY[library], _POINTS[library])
            time.sleep(3 * SETTLE)  # its other figures are drawn by then
            with_page.append(block())
    return {"slowed": statistics.median(a / b for a, b in zip(with_page, without, strict=True))}


def _compute(trial: Any) -> float:
    """Fifty milliseconds of a processor, and two numbers."""
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    total = 0.0
    for index in range(_DIMENSION):
        total += trial.suggest_float(f"x{index}", -5.0, 5.0) ** 2
    return total


def run(options: Options) -> Section:
    """Both dashboards at 10,000 trials, ours at 100,000, ten floats, on SQLite."""
    few, many = (1_000, 10_000) if options.quick else (10_000, 100_000)
    paths = {
        (library, size): str(kept_file(library, options.folder, size, _DIMENSION))
        for library, size in (("trimtab", few), ("optuna", few), ("trimtab", many))
    }
    tasks = {
        f"{library} {size}": Task(
            "dashboard:look",
            {"library": library, "path": path},
            None if library == "trimtab" else _ROUNDS,
        )
        for (library, size), path in paths.items()
    }
    looks = measure(tasks, options.rounds)
    ours, theirs, large = (looks[name] for name in tasks)
    per_block = 40 if options.quick else 200
    slow_tasks = {
        library: Task(
            "dashboard:slowed",
            {"library": library, "path": paths[library, few], "n_trials": per_block},
        )
        for library in ("trimtab", "optuna")
    }
    slow = measure(slow_tasks, min(options.rounds, _ROUNDS))
    return Section(
        "The dashboard in a browser",
        _figures(few, many, ours, theirs, large, slow),
        (_table(tasks, looks),),
        (
            (
                "Chromium and the server on one machine, both started three seconds before. A "
                "study is drawn when plotly.js has put the points of its history into the page; "
                "first: the browser's first page, again: the same page once more. It is seen when "
                "the same points are there as a sketch, which can be looked at but not zoomed. "
                "Trials: its rows are there; filter and sort: the answer with the rows, over HTTP. "
                "A change is seen when the history is another picture after a tell in another "
                "process."
            ),
            (
                f"A running study: {per_block} trials of 50 ms of computation, against as many "
                "without an open page, in turns; the browser competes for the same processors."
            ),
        ),
    )


def _figures(
    few: int,
    many: int,
    ours: list[Reading],
    theirs: list[Reading],
    large: list[Reading],
    slow: Readings,
) -> tuple[Figure, ...]:
    part = ratio(column(ours, "first"), column(theirs, "first"))
    again = ratio(column(ours, "again"), column(theirs, "again"))
    its_time = "× optuna-dashboard's time"
    worst = [max(each["filter"], each["sort"]) for each in large]
    mib = Spread.of([each / 2**20 for each in column(large, "memory")])
    cost = Spread.of([100.0 * (each - 1.0) for each in column(slow["trimtab"], "slowed")])
    their_cost = Spread.of([100.0 * (each - 1.0) for each in column(slow["optuna"], "slowed")])
    return (
        judged(f"{few:,} trials: study drawn, first", Target(0.2, 0.1, its_time), part),
        judged(f"{few:,} trials: study drawn, again", Target(0.2, 0.1, its_time), again),
        plain(f"{many:,} trials: study seen, first", Spread.of(column(large, "seen")), "s"),
        judged(
            f"{many:,} trials: study drawn, first",
            Target(2.0, 1.0, "s"),
            Spread.of(column(large, "first")),
        ),
        judged(
            f"{many:,} trials: study drawn, again",
            Target(2.0, 1.0, "s"),
            Spread.of(column(large, "again")),
        ),
        judged(
            f"{many:,} trials: trials page",
            Target(0.3, 0.15, "s"),
            Spread.of(column(large, "trials")),
        ),
        judged(f"{many:,} trials: filter or sort", Target(0.5, 0.25, "s"), Spread.of(worst)),
        judged(
            "a tell made elsewhere is seen",
            Target(1.0, 0.3, "s"),
            Spread.of(column(ours, "change")),
        ),
        judged(f"{many:,} trials: memory of the server", Target(500.0, 250.0, "MiB"), mib),
        judged("an open page slows a running study", Target(5.0, 0.0, "%"), cost),
        plain("optuna-dashboard's slows it", their_cost, "%"),
    )


def _table(tasks: dict[str, Task], looks: Readings) -> Table:
    steps = {
        "seen": "study seen, first",
        "first": "study drawn, first",
        "again": "study drawn, again",
        "trials": "trials page",
        "filter": "filter, over HTTP",
        "sort": "sort, over HTTP",
        "change": "a tell is seen",
    }
    rows = [
        (title, *(_middle(looks[name], step) for name in tasks)) for step, title in steps.items()
    ]
    memory = [Spread.of(column(looks[name], "memory")).median / 2**20 for name in tasks]
    rows.append(("memory of the server", *(f"{each:.0f} MiB" for each in memory)))
    return Table("Seconds in the browser", ("", *tasks), tuple(rows))


def _middle(readings: list[Reading], step: str) -> str:
    """The median of one step, where it was taken."""
    if step not in readings[0]:
        return "–"
    return duration(Spread.of(column(readings, step)).median)
