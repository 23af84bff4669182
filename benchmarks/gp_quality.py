"""How good the points of the Gaussian process are, beside what its peers were measured to find."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.gp_comparison import (
    CHECKPOINTS,
    RANKED,
    Traces,
    batch_losses,
    common_seeds,
    medians,
    rank_lists,
    regret_rows,
    traces,
    win_rows,
)
from benchmarks.gp_problems import PROBLEMS, Problem
from benchmarks.gp_regret import lines, run_missing
from benchmarks.harness import Reading, Task, progress, read
from benchmarks.results import Figure, Options, Section, Table, number

PEERS = Path(__file__).with_name("data") / "gp_peers.jsonl"
_LAST = CHECKPOINTS[-1]


def one_seed(problems: Sequence[str], seed: int, file: str) -> Reading:
    """Run Trimtab on each problem into a file of its own."""
    run_missing("trimtab", [p for p in PROBLEMS if p.name in problems], [seed], Path(file))
    return {}


def run(options: Options) -> Section:
    """Trimtab's runs are made anew; its peers' are those that are kept."""
    kept = lines([PEERS])
    problems, seeds = [p.name for p in PROBLEMS], 10
    if options.quick:
        problems, seeds = [p.name for p in PROBLEMS if p.kind != "bbob"][::3], 2
    files = [options.folder / f"gp-{seed}.jsonl" for seed in range(seeds)]
    tasks = [
        Task("gp_quality:one_seed", {"problems": problems, "seed": seed, "file": str(file)})
        for seed, file in enumerate(files)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for seed, _ in enumerate(pool.map(read, tasks)):
            progress(f"  seed {seed} of {seeds}")
    return section(traces([*lines(files), *kept]), _versions(kept))


def section(found: Traces, versions: str) -> Section:
    """Figures and tables of what was run; each problem by the seeds that all have run."""
    peers = [name for name in ("optuna", "ax") if name in found]
    names = ["trimtab", *peers]
    ran = [problem for problem in PROBLEMS if common_seeds(found, problem.name, names)]
    ranked = [problem for problem in ran if problem.kind in RANKED]
    figures = [_rank_figure(found, ranked, names, n) for n in CHECKPOINTS]
    figures += [_volume_figure(found, one, names) for one in ran if one.kind == "objectives"]
    alone = {problem.name for problem in ran}
    figures += [
        _batch_figure(found, one, names)
        for one in ran
        if one.kind == "batch" and one.name.removesuffix(" in fours") in alone
    ]
    header = ("", "seeds", *(f"{name} {n}" for n in CHECKPOINTS for name in names))
    tables = tuple(
        Table(title, header, tuple(regret_rows(found, chosen, names)))
        for title, chosen in (
            ("Median regret after so many trials", ranked),
            ("Hypervolume missing", [p for p in ran if p.kind == "objectives"]),
            ("Median regret, four trials at a time", [p for p in ran if p.kind == "batch"]),
        )
        if chosen
    )
    pairs = Table(
        "Share of runs in which one library's regret is less than another's",
        ("", "runs", *map(str, CHECKPOINTS)),
        tuple(win_rows(found, names)),
    )
    notes = (
        (
            "A problem ranks the libraries by their median regret over the seeds that all of them "
            "have run; the figure is the median of these ranks and, in parentheses, their mean. "
            "Seed s runs instance s + 1 of a problem, the same for all. What the problems are: "
            "gp_problems.py."
        ),
        (
            "Of the noisy problem, the regret without noise of what a library recommends: Ax and "
            "Trimtab by their models, Optuna the best value it was told."
        ),
        (
            f"The peers were run before ({versions}) and are kept in data/gp_peers.jsonl: what "
            "they find does not depend on the machine."
        ),
    )
    return Section("Quality of the Gaussian process", tuple(figures), (*tables, pairs), notes)


def _versions(kept: Sequence[dict[str, str]]) -> str:
    return ", ".join(sorted({f"{line['library']} {line['version']}" for line in kept}))


def verdict(ours: float, peers: Sequence[float]) -> str:
    """``aim`` below all peers, ``must`` where no peer is below."""
    if not peers:
        return ""
    if ours < min(peers):
        return "aim"
    return "must" if ours <= min(peers) else "short"


def _rank_figure(
    found: Traces, problems: Sequence[Problem], names: Sequence[str], n: int
) -> Figure:
    places = rank_lists(found, problems, names, n)
    median = {name: statistics.median(places[name]) for name in names}
    return Figure(
        f"GP regret after {n} trials, {len(problems)} problems",
        "median rank ≤ both peers'",
        "< both",
        ", ".join(
            f"{name} {number(median[name])} ({statistics.mean(places[name]):.2f})" for name in names
        ),
        verdict(median["trimtab"], [median[name] for name in names[1:]]),
    )


def _volume_figure(found: Traces, problem: Problem, names: Sequence[str]) -> Figure:
    missing = medians(found, problem.name, names, _LAST)
    return Figure(
        f"Hypervolume missing after {_LAST} trials, {problem.name}",
        "≤ both peers'",
        "< both",
        ", ".join(f"{name} {missing[name]:.3g}" for name in names),
        verdict(missing["trimtab"], [missing[name] for name in names[1:]]),
    )


def _batch_figure(found: Traces, problem: Problem, names: Sequence[str]) -> Figure:
    loss = batch_losses(found, problem, names, _LAST)
    return Figure(
        f"Regret in batches of 4 / one at a time, {problem.name.removesuffix(' in fours')}",
        "≤ Ax's",
        "< Ax's",
        ", ".join(f"{name} {number(loss[name])}" for name in names),
        verdict(loss["trimtab"], [loss["ax"]] if "ax" in loss else []),
    )
