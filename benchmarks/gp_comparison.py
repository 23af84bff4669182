"""What runs of few trials say of the libraries that were run: medians, ranks, shares, as tables."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.gp_libraries import LIBRARIES
from benchmarks.gp_problems import PROBLEMS, Problem
from benchmarks.quality import ranks
from benchmarks.report import markdown

CHECKPOINTS = (20, 40, 60)
RANKED = ("smooth", "mixed", "constrained", "noisy", "bbob")
"""Kinds of problems with one objective and one trial at a time: those that count for the ranks."""

Trace = list[float | None]
"""Regret after each trial; None where it was not asked for."""

Traces = dict[str, dict[str, dict[int, Trace]]]
"""By library, problem and seed."""


def traces(found: Iterable[Mapping[str, Any]]) -> Traces:
    """Lines by library, problem and seed."""
    result: Traces = {}
    for line in found:
        of_problem = result.setdefault(line["library"], {}).setdefault(line["problem"], {})
        of_problem[line["seed"]] = line["trace"]
    return result


def medians(found: Traces, problem: str, names: Sequence[str], n: int) -> dict[str, float]:
    """Median regret after n trials, over the seeds that all libraries have run."""
    seeds = common_seeds(found, problem, names)
    return {
        name: float(np.median([found[name][problem][seed][n - 1] for seed in seeds]))
        for name in names
    }


def common_seeds(found: Traces, problem: str, names: Sequence[str]) -> list[int]:
    """Seeds of a problem that all libraries have run."""
    each = [set(found[name].get(problem, {})) for name in names]
    return sorted(set.intersection(*each)) if each else []


def report(found: Traces) -> str:
    """The tables, as Markdown."""
    names = [name for name in LIBRARIES if name in found]
    ran = [problem for problem in PROBLEMS if common_seeds(found, problem.name, names)]
    ranked = [problem for problem in ran if problem.kind in RANKED]
    columns = [f"{name} {n}" for n in CHECKPOINTS for name in names]
    parts = [
        markdown(("median regret", "seeds", *columns), regret_rows(found, ranked, names)),
        markdown(("median rank (mean)", *names), _rank_rows(found, ranked, names)),
        markdown(("", "runs", *map(str, CHECKPOINTS)), win_rows(found, names)),
    ]
    for title, kind in (("hypervolume missing", "objectives"), ("batches of 4", "batch")):
        chosen = [problem for problem in ran if problem.kind == kind]
        if chosen:
            parts.append(markdown((title, "seeds", *columns), regret_rows(found, chosen, names)))
    if losses := _loss_rows(found, ran, names):
        parts.append(markdown(("regret in batches of 4 / one at a time", *names), losses))
    return "\n\n".join(parts)


def regret_rows(
    found: Traces, problems: Sequence[Problem], names: Sequence[str]
) -> list[tuple[str, ...]]:
    """Of each problem its name, its seeds and the medians at the checkpoints, the least bold."""
    rows = []
    for problem in problems:
        row = [problem.name, str(len(common_seeds(found, problem.name, names)))]
        for n in CHECKPOINTS:
            values = medians(found, problem.name, names, n)
            least = min(values.values())
            row += [f"**{v:.3g}**" if v == least else f"{v:.3g}" for v in values.values()]
        rows.append(tuple(row))
    return rows


def rank_lists(
    found: Traces, problems: Sequence[Problem], names: Sequence[str], n: int
) -> dict[str, list[float]]:
    """Rank on each problem by the median regret after n trials, by library."""
    of_each = [ranks(medians(found, problem.name, names, n)) for problem in problems]
    return {name: [one[name] for one in of_each] for name in names}


def _rank_rows(
    found: Traces, problems: Sequence[Problem], names: Sequence[str]
) -> list[tuple[str, ...]]:
    rows = []
    for n in CHECKPOINTS:
        places = rank_lists(found, problems, names, n)
        cells = [f"{np.median(places[name]):.3g} ({np.mean(places[name]):.2f})" for name in names]
        rows.append((f"after {n} trials, {len(problems)} problems", *cells))
    return rows


def wins(
    found: Traces, problems: Sequence[Problem], name: str, other: str, n: int
) -> tuple[float, int]:
    """The share of runs in which one library's regret is less than another's, and how many runs.

    A run is a seed of a problem that both have run; equal regrets count half. More seeds may be
    common to two libraries than to all.
    """
    shares = []
    for problem in problems:
        for seed in common_seeds(found, problem.name, (name, other)):
            ours, theirs = (found[one][problem.name][seed][n - 1] for one in (name, other))
            shares.append(0.5 if ours == theirs else float((ours or 0.0) < (theirs or 0.0)))
    return (float(np.mean(shares)) if shares else math.nan), len(shares)


def win_rows(found: Traces, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Of each pair of libraries how often the first is better, at the checkpoints."""
    ranked = [problem for problem in PROBLEMS if problem.kind in RANKED]
    rows = []
    for name, other in itertools.combinations(names, 2):
        shares = [wins(found, ranked, name, other, n) for n in CHECKPOINTS]
        if shares[0][1]:
            cells = (f"{share:.0%}" for share, _ in shares)
            rows.append((f"{name} better than {other}", str(shares[0][1]), *cells))
    return rows


def batch_losses(found: Traces, problem: Problem, names: Sequence[str], n: int) -> dict[str, float]:
    """Geometric mean of the regret in batches over that one at a time, after n trials.

    Over the seeds that all libraries have run; NaN where there are none.
    """
    alone = problem.name.removesuffix(" in fours")
    seeds = set(common_seeds(found, problem.name, names)) & set(common_seeds(found, alone, names))

    def logs(name: str, problem: str) -> Any:
        regrets = [found[name][problem][seed][n - 1] for seed in sorted(seeds)]
        return np.log(np.array(regrets, dtype=np.float64) + 1e-6)

    return {
        name: float(np.exp(np.mean(logs(name, problem.name) - logs(name, alone))))
        if seeds
        else math.nan
        for name in names
    }


def _loss_rows(
    found: Traces, problems: Sequence[Problem], names: Sequence[str]
) -> list[tuple[str, ...]]:
    last = CHECKPOINTS[-1]
    return [
        (
            f"{problem.name} after {last} trials",
            *(f"{loss:.2f}" for loss in batch_losses(found, problem, names, last).values()),
        )
        for problem in problems
        if problem.kind == "batch"
    ]
