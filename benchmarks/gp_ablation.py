"""What the parts of the Gaussian process sampler are worth.

    python -m benchmarks.gp_ablation run --results FILE
    python -m benchmarks.gp_ablation report FILE

A variant is the default with one choice made otherwise. Runs are appended to the file, one a line;
what is there is not run again.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.gp_comparison import CHECKPOINTS, RANKED
from benchmarks.gp_libraries import optimizer
from benchmarks.gp_problems import PROBLEMS
from benchmarks.gp_regret import lines, traced
from benchmarks.harness import ONE_THREAD, progress
from benchmarks.report import markdown
from trimtab.samplers.base import Proposal
from trimtab.samplers.gp import GPSampler
from trimtab.samplers.gp.kernel import rbf

DEFAULT = "default"
_GP = "trimtab.samplers.gp."


def _startup(n: int) -> dict[str, Any]:
    """Another default of ``n_startup_trials``."""
    defaults = {**(GPSampler.__init__.__kwdefaults__ or {}), "n_startup_trials": n}
    return {"sampler.GPSampler.__init__.__kwdefaults__": defaults}


def _as_it_is(sampler: Any, proposal: Proposal, *others: Any) -> Proposal:
    del sampler, others
    return proposal


VARIANTS: Mapping[str, Mapping[str, Any]] = {
    DEFAULT: {},
    "RBF kernel": {"sampler.matern52": rbf},
    "losses on a log scale from the median on": {"outputs._UNITS": 1.0},
    "losses almost linear": {"outputs._UNITS": 30.0},
    "no cap on losses": {"outputs._FENCE": 1e9},
    "more noise a priori": {"fit._NOISE_MEAN": -4.0, "fit._NOISE_SD": 1.0},
    "one start of the fit": {"fit._LENGTH_STARTS": (0.0,), "fit._NOISE_STARTS": (-12.0,)},
    "the sequence from its beginning, not the middle first": {
        "sampler.CentredSequence._centred": _as_it_is
    },
    "4 points first": _startup(4),
    "8 points first": _startup(8),
    "12 points first": _startup(12),
    "choices as far apart as the ends of a range": {"fit._CHOICE": 0.0},
    "choices still more alike": {"fit._CHOICE": 2.0},
    "shorter length scales a priori": {"fit._LENGTH_SD": 2.0},
    "longer length scales a priori": {"fit._LENGTH_SD": 1.5},
    "8 samples of what is noisy": {"improvement._SAMPLES": 8},
    "refit at every trial": {"surrogate._STRIDE": 10**9},
}
"""What is changed, by variant: names within the sampler's package, and their values."""

_LEAST = 1e-4
"""Regrets are compared down to it: beyond, a problem is solved."""


@contextmanager
def changed(variant: str) -> Iterator[None]:
    """With the choices of a variant."""
    patches = [patch(_GP + name, value) for name, value in VARIANTS[variant].items()]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def run(seeds: int, n_trials: int, file: Path) -> None:
    """Run what is not in the file yet."""
    done = {(line["variant"], line["problem"], line["seed"]) for line in lines([file])}
    for variant in VARIANTS:
        for problem in (p for p in PROBLEMS if p.kind in RANKED):
            for seed in range(seeds):
                if (variant, problem.name, seed) in done:
                    continue
                instance = problem.make(seed + 1)
                with changed(variant):
                    asked = optimizer("trimtab", problem, instance, seed)
                    trace, _ = traced(asked, problem, instance, seed, n_trials)
                regrets = [trace[n - 1] for n in CHECKPOINTS if n <= n_trials]
                line = {"variant": variant, "problem": problem.name, "seed": seed}
                with file.open("a") as out:
                    out.write(json.dumps({**line, "regrets": regrets}) + "\n")
        progress(variant)


def report(file: Path) -> str:
    """Geometric means of the ratio to the default's regret, and shares of runs won."""
    regrets: dict[str, dict[tuple[str, int], list[float]]] = {}
    for line in lines([file]):
        key = (line["problem"], line["seed"])
        regrets.setdefault(line["variant"], {})[key] = [max(r, _LEAST) for r in line["regrets"]]
    rows = []
    for variant, runs in regrets.items():
        if variant == DEFAULT:
            continue
        pairs = [(runs[key], regrets[DEFAULT][key]) for key in runs if key in regrets[DEFAULT]]
        cells = []
        for i in range(len(pairs[0][0])):
            logs = [math.log(mine[i] / theirs[i]) for mine, theirs in pairs]
            better = sum((log < 0.0) + 0.5 * (log == 0.0) for log in logs) / len(logs)
            cells.append(f"{math.exp(sum(logs) / len(logs)):.2f}, {better:.0%}")
        rows.append([variant, *cells])
    reached = CHECKPOINTS[: len(rows[0]) - 1] if rows else CHECKPOINTS
    titles = ["variant", *(f"ratio at {n}, better in" for n in reached)]
    return markdown(titles, rows)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run")
    running.add_argument("--seeds", type=int, default=8)
    running.add_argument("--trials", type=int, choices=CHECKPOINTS, default=CHECKPOINTS[-1])
    running.add_argument("--results", type=Path, required=True)
    commands.add_parser("report").add_argument("file", type=Path)
    options = parser.parse_args()
    if options.command == "report":
        print(report(options.file))
        return
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        again = [sys.executable, "-m", "benchmarks.gp_ablation", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, **ONE_THREAD})
    run(options.seeds, options.trials, options.results)


if __name__ == "__main__":
    main()
