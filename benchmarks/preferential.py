"""Regret of samplers that learn from comparisons, and how long they take to ask.

Someone sees four candidates and takes away the worst, by a hidden utility; noisily in half of the
runs. After 30 and 60 judgements: how far the best candidate still in the running is from the best
there is. Mean and standard error over the seeds.

    python -m benchmarks.preferential run trimtab trimtab.jsonl
    python -m benchmarks.preferential run random random.jsonl
    # In an environment with optuna-dashboard, botorch and torch, which Trimtab does not need:
    python benchmarks/preferential.py run optuna-dashboard optuna.jsonl
    python -m benchmarks.preferential latency latency.jsonl
    python -m benchmarks.preferential table *.jsonl
"""

import argparse
import itertools
import json
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

CANDIDATES = 4
MOMENTS = (30, 60)
LATENCIES = (20, 100, 500, 2000)


@dataclass(frozen=True)
class Problem:
    """A hidden utility on the unit cube whose best value is 0.

    Attributes:
        dimensions: Of the cube.
        utility: Of a point.
        noise: Standard deviation of a noisy judge.
    """

    dimensions: int
    utility: Callable[[Sequence[float]], float]
    noise: float


def branin(x: Sequence[float]) -> float:
    a, b = 15.0 * x[0] - 5.0, 15.0 * x[1]
    valley = b - 5.1 / (4.0 * math.pi**2) * a * a + 5.0 / math.pi * a - 6.0
    value = valley**2 + 10.0 * (1.0 - 1.0 / (8.0 * math.pi)) * math.cos(a) + 10.0
    return -(value - 0.397887) / 50.0


def colour(x: Sequence[float]) -> float:
    red, green, blue = x
    away = (2.0 * (red - 0.98) ** 2, 4.0 * (green - 0.43) ** 2, 3.0 * (blue - 0.24) ** 2)
    return -math.sqrt(sum(away))


def rosenbrock(x: Sequence[float]) -> float:
    z = [3.0 * one - 1.0 for one in x]
    pairs = itertools.pairwise(z)
    return -math.log1p(sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairs)) / 5.0


_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann(x: Sequence[float]) -> float:
    peaks = np.exp(-(_A * (np.array(x) - _P) ** 2).sum(1))
    return float(peaks @ np.array([1.0, 1.2, 3.0, 3.2])) - 3.32237


PROBLEMS = {
    "Branin, d = 2": Problem(2, branin, 0.05),
    "colour, d = 3": Problem(3, colour, 0.05),
    "log Rosenbrock, d = 4": Problem(4, rosenbrock, 0.05),
    "Hartmann, d = 6": Problem(6, hartmann, 0.1),
}


class Ours:
    """A study of Trimtab's.

    Args:
        dimensions: Of the problem.
        sampler: Proposes.
    """

    def __init__(self, dimensions: int, sampler: Any) -> None:
        from trimtab.preferential import create_study

        self.study = create_study(CANDIDATES, sampler=sampler)
        self.dimensions = dimensions

    def ask(self) -> tuple[int, list[float]]:
        trial = self.study.ask()
        point = [trial.suggest_float(f"x{j}", 0.0, 1.0) for j in range(self.dimensions)]
        self.study.mark_comparison_ready(trial)
        return trial.number, point

    def take_away(self, candidates: Sequence[int], worst: int) -> None:
        self.study.judge(candidates, worst)


class OptunaDashboards:
    """A study of Optuna Dashboard's.

    Args:
        dimensions: Of the problem.
        seed: Of its sampler.
    """

    def __init__(self, dimensions: int, seed: int) -> None:
        import optuna
        from optuna_dashboard.preferential import create_study
        from optuna_dashboard.preferential.samplers.gp import PreferentialGPSampler

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.study = create_study(n_generate=CANDIDATES, sampler=PreferentialGPSampler(seed=seed))
        self.dimensions = dimensions

    def ask(self) -> tuple[int, list[float]]:
        trial = self.study.ask()
        point = [trial.suggest_float(f"x{j}", 0.0, 1.0) for j in range(self.dimensions)]
        return trial.number, point

    def take_away(self, candidates: Sequence[int], worst: int) -> None:
        trials = self.study.get_trials(deepcopy=False)
        better = [trials[number] for number in candidates if number != worst]
        self.study.report_preference(better, trials[worst])


def library(name: str, dimensions: int, seed: int) -> Any:
    if name == "optuna-dashboard":
        return OptunaDashboards(dimensions, seed)
    import trimtab

    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    if name == "trimtab":
        return Ours(dimensions, trimtab.samplers.PreferentialSampler(seed=seed))
    return Ours(dimensions, trimtab.samplers.RandomSampler(seed=seed))


def play(study: Any, problem: Problem, noise: float, seed: int, n: int) -> tuple[Any, list[float]]:
    """Regrets at the moments, and the seconds of each ask."""
    rng = np.random.default_rng(seed)
    utilities: dict[int, float] = {}
    candidates: list[int] = []
    seconds, regrets = [], []
    for i in range(1, n + 1):
        while len(candidates) < CANDIDATES:
            begun = time.perf_counter()
            number, point = study.ask()
            seconds.append(time.perf_counter() - begun)
            utilities[number] = problem.utility(point)
            candidates.append(number)
        seen = {number: utilities[number] + noise * rng.normal() for number in candidates}
        worst = min(seen, key=lambda number: seen[number])
        study.take_away(candidates, worst)
        candidates.remove(worst)
        if i in MOMENTS:
            regrets.append(-max(utilities[number] for number in candidates))
    return regrets, seconds


def run(name: str, out: Path, seeds: range, judgements: int) -> None:
    with out.open("a") as lines:
        for seed in seeds:
            for noisy in (False, True):
                for title, problem in PROBLEMS.items():
                    study = library(name, problem.dimensions, seed)
                    noise = problem.noise if noisy else 0.0
                    try:
                        regrets, seconds = play(study, problem, noise, seed, judgements)
                    except RuntimeError as error:  # Optuna Dashboard's factorizations fail
                        print(f"{name}, {title}, noisy={noisy}, seed {seed}: {error}")
                        continue
                    row = {
                        "library": name,
                        "problem": title,
                        "noisy": noisy,
                        "seed": seed,
                        "regrets": regrets,
                        "ask": statistics.median(seconds[-10:]),
                    }
                    lines.write(json.dumps(row) + "\n")
                    lines.flush()


def latency(out: Path) -> None:
    """Median seconds of an ask right after a judgement, d = 5."""
    quadratic = Problem(5, lambda x: -sum((one - 0.4) ** 2 for one in x), 0.0)
    study = library("trimtab", 5, 0)
    _, seconds = play(study, quadratic, 0.02, 0, max(LATENCIES))
    row = {
        "latency": {n: statistics.median(seconds[n - 5 : n + 5]) for n in LATENCIES},
        "slowest": max(seconds),
    }
    with out.open("a") as lines:
        lines.write(json.dumps(row) + "\n")


def table(files: Sequence[Path]) -> None:
    rows = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    runs = [row for row in rows if "library" in row]
    libraries = sorted({row["library"] for row in runs}, key=lambda name: name != "trimtab")
    print("| problem | judge | after |", " | ".join(libraries), "|")
    print("|---|---|---|" + "---|" * len(libraries))
    for title in PROBLEMS:
        for noisy in (False, True):
            for i, moment in enumerate(MOMENTS):
                cells = []
                for name in libraries:
                    wanted = (name, title, noisy)
                    found = [
                        row["regrets"][i]
                        for row in runs
                        if (row["library"], row["problem"], row["noisy"]) == wanted
                        and len(row["regrets"]) > i
                    ]
                    if len(found) < 2:
                        cells.append("–")
                        continue
                    error = statistics.stdev(found) / math.sqrt(len(found))
                    cells.append(f"{statistics.mean(found):.3f} ± {error:.3f}")
                judge = "noisy" if noisy else "exact"
                print(f"| {title} | {judge} | {moment} |", " | ".join(cells), "|")
    asks = [
        f"{name} {1e3 * statistics.median(r['ask'] for r in runs if r['library'] == name):.1f} ms"
        for name in libraries
    ]
    print("\nMedian of the last ten asks:", ", ".join(asks))
    for row in rows:
        if "latency" in row:
            print("\n| judgements | median ask |\n|---|---|")
            for n, seconds in row["latency"].items():
                print(f"| {n} | {1e3 * seconds:.0f} ms |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run")
    one.add_argument("library", choices=["trimtab", "random", "optuna-dashboard"])
    one.add_argument("out", type=Path)
    one.add_argument("--seeds", type=int, default=10)
    one.add_argument("--first-seed", type=int, default=0)
    one.add_argument("--judgements", type=int, default=max(MOMENTS))
    commands.add_parser("latency").add_argument("out", type=Path)
    commands.add_parser("table").add_argument("files", type=Path, nargs="+")
    arguments = parser.parse_args()
    if arguments.command == "run":
        seeds = range(arguments.first_seed, arguments.seeds)
        run(arguments.library, arguments.out, seeds, arguments.judgements)
    elif arguments.command == "latency":
        latency(arguments.out)
    else:
        table(arguments.files)


if __name__ == "__main__":
    main()
