"""What was measured, against what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import Spread


@dataclass(frozen=True)
class Target:
    """What a figure must reach, and what it aims at.

    Attributes:
        must: The bound that must be kept.
        aim: The bound that is hoped for.
        unit: Of both, as written after the number: ``× Optuna's rate``.
        at_most: Whether smaller is better.
    """

    must: float
    aim: float
    unit: str
    at_most: bool = True

    def verdict(self, value: float) -> str:
        """``aim``, ``must`` or ``short``."""
        for name, bound in (("aim", self.aim), ("must", self.must)):
            if value <= bound if self.at_most else value >= bound:
                return name
        return "short"


@dataclass(frozen=True)
class Figure:
    """One row of the summary, ready to print.

    Attributes:
        name: What was measured.
        must: What must be reached, in words; empty where nothing was asked for.
        aim: What is aimed at.
        measured: The median and, in parentheses, the range.
        verdict: ``aim``, ``must`` or ``short``; empty where nothing was asked for.
    """

    name: str
    must: str
    aim: str
    measured: str
    verdict: str


def judged(name: str, target: Target, spread: Spread, fault: str = "") -> Figure:
    """A row with a target; a ``fault`` makes it short whatever its value."""
    sign = "≤" if target.at_most else "≥"
    return Figure(
        name,
        f"{sign} {number(target.must)} {target.unit}",
        f"{sign} {number(target.aim)}",
        f"{spelled(spread)} {target.unit}",
        f"short: {fault}" if fault else target.verdict(spread.median),
    )


def plain(name: str, spread: Spread, unit: str) -> Figure:
    """A row that nothing was asked of."""
    return Figure(name, "", "", f"{spelled(spread)} {unit}", "")


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0.0 or abs(value) >= 100.0:
        return f"{value:,.0f}"
    if abs(value) >= 10.0:
        return f"{value:.1f}".removesuffix(".0")
    if abs(value) >= 0.01:
        return f"{value:.2f}".rstrip("0").removesuffix(".")
    return f"{value:.2g}"


def spelled(spread: Spread) -> str:
    """The median and the range."""
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)}–{number(spread.high)})"


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{number(seconds / scale)} {unit}"
    return f"{number(seconds / 1e-6)} µs"


@dataclass(frozen=True)
class Table:
    """Absolute numbers, or how they grow; cells are ready to print."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """All that one family found.

    Attributes:
        title: Its heading.
        figures: Its rows of the summary.
        tables: Numbers behind them.
        notes: How they were measured and what bounds them, a sentence or more each.
    """

    title: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """How much to measure.

    Attributes:
        rounds: How often each competitor has its turn.
        quick: Whether sizes and seeds are cut down, for a look rather than a result.
        folder: A temporary folder.
    """

    rounds: int
    quick: bool
    folder: Path


Family = Callable[[Options], Section]
