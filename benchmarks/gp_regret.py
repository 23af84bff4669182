"""Regret after few trials, of Trimtab's Gaussian process beside those of Optuna and Ax.

    python -m benchmarks.gp_regret run --library optuna --seeds 10 --results FILE
    python -m benchmarks.gp_regret report FILE ...

A run appends one line of JSON; what is in the file already is not run again, so that it can be
interrupted and continued, and files of several machines can be put together. Seed s runs instance
s + 1 of a problem, the same for all libraries, with the same noise. The peers' runs that we keep
are in ``data/gp_peers.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gp_comparison import CHECKPOINTS, Trace, report, traces
from benchmarks.gp_instances import Instance, Outcome
from benchmarks.gp_libraries import LIBRARIES, Optimizer, optimizer, version
from benchmarks.gp_problems import PROBLEMS, Problem
from benchmarks.harness import ONE_THREAD, progress
from trimtab.samplers.pareto import hypervolume


class Score:
    """Regret of what was seen so far.

    Of one objective: the smallest feasible value minus the optimum, or ``problem.worst``. Of two:
    the hypervolume that is missing.
    """

    def __init__(self, problem: Problem, instance: Instance) -> None:
        self._problem = problem
        self._optimum = instance.optimum
        self._best = problem.worst
        self._points: list[tuple[float, ...]] = []

    def add(self, outcome: Outcome) -> float:
        """Regret with one more trial."""
        if self._problem.reference:
            self._points.append(outcome.values)
            reference = np.array(self._problem.reference)
            return self._optimum - hypervolume(np.array(self._points), reference)
        if all(value <= 0.0 for value in outcome.constraints):
            self._best = min(self._best, outcome.values[0] - self._optimum)
        return self._best


def traced(
    asked: Optimizer,
    problem: Problem,
    instance: Instance,
    seed: int,
    n_trials: int = CHECKPOINTS[-1],
) -> tuple[Trace, float]:
    """Regret after each trial, and the processor seconds that asking took.

    Where values are noisy it is that of the recommended parameters without noise, at the
    checkpoints only.
    """
    noise = np.random.default_rng([seed, 1])
    score = Score(problem, instance)
    trace: Trace = []
    spent = 0.0
    while len(trace) < n_trials:
        started = time.process_time()
        batch = asked.ask(min(problem.batch, n_trials - len(trace)))
        spent += time.process_time() - started
        for key, params in batch:
            outcome = instance.outcome(params)
            regret: float | None = score.add(outcome)
            if problem.noise:
                added = problem.noise * float(noise.standard_normal())
                asked.tell(key, Outcome((outcome.values[0] + added,)))
                n = len(trace) + 1
                regret = _recommended(asked, instance) if n in CHECKPOINTS else None
            else:
                asked.tell(key, outcome)
            trace.append(regret)
    return trace, spent


def _recommended(asked: Optimizer, instance: Instance) -> float:
    return instance.outcome(asked.recommended()).values[0] - instance.optimum


def run_missing(
    library: str, problems: Sequence[Problem], seeds: Iterable[int], file: Path
) -> None:
    """Run what is not in the file yet, seed by seed."""
    done = {(line["library"], line["problem"], line["seed"]) for line in lines([file])}
    for seed in seeds:
        for problem in problems:
            if (library, problem.name, seed) in done:
                continue
            instance = problem.make(seed + 1)
            started = time.perf_counter()
            asked = optimizer(library, problem, instance, seed)
            trace, spent = traced(asked, problem, instance, seed)
            line = {
                "library": library,
                "version": version(library),
                "problem": problem.name,
                "seed": seed,
                "ask_seconds": round(spent, 2),
                "trace": [None if regret is None else float(f"{regret:.4g}") for regret in trace],
            }
            _append(file, json.dumps(line, separators=(",", ":")))
            progress(
                f"{library}, seed {seed}, {problem.name}: {trace[-1]:.3g} "
                f"in {time.perf_counter() - started:.0f} s"
            )


def _append(file: Path, text: str) -> None:
    """Add a line; one that was cut off before it stays a line of its own."""
    whole = not file.exists() or file.read_bytes()[-1:] in (b"", b"\n")
    with file.open("a") as out:
        out.write(text + "\n" if whole else "\n" + text + "\n")


def lines(files: Iterable[Path]) -> list[dict[str, Any]]:
    """What was run; a line that was cut off is left out."""
    texts = [text for file in files if file.exists() for text in file.read_text().splitlines()]
    return [json.loads(text) for text in texts if text.endswith("}")]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run")
    running.add_argument("--library", choices=LIBRARIES, required=True)
    running.add_argument("--problems", nargs="+", default=[p.name for p in PROBLEMS])
    running.add_argument("--seeds", type=int, default=10)
    running.add_argument("--results", type=Path, required=True)
    reporting = commands.add_parser("report")
    reporting.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    if options.command == "report":
        print(report(traces(lines(options.files))))
        return
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # The libraries read them when they are loaded, which has happened.
        again = [sys.executable, "-m", "benchmarks.gp_regret", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, **ONE_THREAD})
    problems = [problem for problem in PROBLEMS if problem.name in options.problems]
    run_missing(options.library, problems, range(options.seeds), options.results)


if __name__ == "__main__":
    main()
