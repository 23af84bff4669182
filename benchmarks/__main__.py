"""Measure, and write results.md: `python -m benchmarks [--quick] [--only FAMILY ...]`."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import ReadingFailed, progress
from benchmarks.machine import load, machine
from benchmarks.report import render
from benchmarks.results import Options, Section

# In the order of the report: the name on the command line, and the module that measures it.
FAMILIES = {
    "import": "imports",
    "random": "memory_study",
    "tpe": "tpe_speed",
    "regret": "quality",
    "gp": "gp",
    "growth": "growth",
    "sqlite": "sqlite",
    "servers": "servers",
    "http": "remote",
    "parallel": "parallel",
    "open": "loading",
    "memory": "size",
    "samplers": "other_samplers",
    "importance": "importances",
    "figures": "pictures",
    "executors": "executors",
    "dashboard": "dashboard",
    "tuner": "tuner",
    "racing": "racing",
    "sweeps": "sweeps",
}
RESULTS = Path(__file__).with_name("results.md")


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=FAMILIES, metavar="FAMILY", help=", ".join(FAMILIES)
    )
    parser.add_argument("--quick", action="store_true", help="two rounds and smaller sizes")
    parser.add_argument("--rounds", type=int, help="how often each competitor has its turn")
    parser.add_argument("--output", type=Path, help=f"default: {RESULTS.name}, if all is measured")
    return parser.parse_args()


def measured(name: str, options: Options) -> tuple[Section, bool]:
    """One family's section; where it fails, one that says why."""
    started = time.monotonic()
    progress(f"{name} ...")
    module = importlib.import_module(f"benchmarks.{FAMILIES[name]}")
    try:
        section: Section = module.run(options)
        failed = False
    except ReadingFailed as reason:
        progress(str(reason))
        section = Section(name, notes=(f"NOT MEASURED: {str(reason).splitlines()[-1]}",))
        failed = True
    progress(f"{name}: {time.monotonic() - started:.0f} s")
    return section, failed


def main() -> int:
    """Measure what is asked for. The status is 1 if a family could not be measured."""
    asked = arguments()
    rounds = asked.rounds or (2 if asked.quick else 5)
    names = asked.only or list(FAMILIES)
    started, busy = time.monotonic(), load()
    with tempfile.TemporaryDirectory(prefix="trimtab-bench-") as folder:
        options = Options(rounds, asked.quick, Path(folder))
        found = [measured(name, options) for name in names]
    preface = [
        *machine(),
        f"{datetime.now(UTC):%Y-%m-%d}, {(time.monotonic() - started) / 60:.0f} minutes, "
        f"{rounds} rounds; {busy}"
        + (", --quick: smaller sizes, a look rather than a result" if asked.quick else ""),
        (
            "Every reading is of a fresh process with one thread; competitors take turns within "
            "each round and ratios are of one round's readings. All run the same objective at log "
            "level WARNING, with default settings, through public names."
        ),
    ]
    text = render([section for section, _ in found], preface)
    output = asked.output or (None if asked.only else RESULTS)
    if output is not None:
        output.write_text(text)
    else:
        print(text)
    return int(any(failed for _, failed in found))


if __name__ == "__main__":
    sys.exit(main())
