"""Who takes part in which measurement of an ask, and what is made of the readings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks import gp_speed
from benchmarks.gp_instances import Instance, Outcome, Params
from benchmarks.gp_problems import Problem
from benchmarks.harness import Readings, Task
from benchmarks.results import Options, Section

SECONDS = {"trimtab": 0.005, "optuna": 0.05, "ax": 0.6}


class Counter:
    """Counts what it is asked and told."""

    def __init__(self) -> None:
        self.added = self.asked = self.told = 0

    def ask(self, n: int) -> list[tuple[Any, Params]]:
        assert (n, self.told) == (1, self.asked)  # one at a time, each told before the next
        self.asked += 1
        return [(self.asked, {f"x{i}": 0.5 for i in range(6)})]

    def tell(self, key: Any, outcome: Outcome) -> None:
        self.told += 1

    def add(self, params: Params, outcome: Outcome) -> None:
        assert self.asked == 0
        self.added += 1

    def recommended(self) -> Params:
        raise NotImplementedError


def test_the_history_comes_first_and_then_asks_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Counter] = []

    def fake(library: str, problem: Problem, instance: Instance, seed: int) -> Counter:
        made.append(Counter())
        return made[-1]

    monkeypatch.setattr(gp_speed, "optimizer", fake)
    reading = gp_speed.at_size("optuna", 50)
    assert [(one.added, one.asked, one.told) for one in made] == [(12, 3, 3), (50, 23, 23)]
    assert reading.keys() == {"first", "ask"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int | None]]:
    """By size, who was to be measured and in how many rounds."""
    sizes: list[dict[str, int | None]] = []

    def fake(tasks: Mapping[str, Task], rounds: int) -> Readings:
        sizes.append({name: task.rounds for name, task in tasks.items()})
        grown = float(len(sizes))
        return {name: [{"ask": SECONDS[name] * grown, "first": 1.0}] for name in tasks}

    monkeypatch.setattr(gp_speed, "measure", fake)
    return sizes


def section(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, ax: bool, quick: bool) -> Section:
    versions = {"trimtab": "0", "optuna": "5", "ax": "1" if ax else None}
    monkeypatch.setattr(gp_speed, "version", versions.__getitem__)
    return gp_speed.run(Options(2, quick, tmp_path))


def test_ratios_to_both_peers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: list[dict[str, int | None]]
) -> None:
    made = section(monkeypatch, tmp_path, ax=True, quick=False)
    assert asked == [
        {"trimtab": None, "optuna": None, "ax": None},
        {"trimtab": None, "optuna": 1, "ax": 1},
        {"trimtab": None},
    ]
    assert [(figure.measured, figure.verdict) for figure in made.figures] == [
        ("0.1 × Optuna's time", "aim"),
        ("0.0083 × Ax's time", "aim"),
        ("10 ms", "aim"),
        ("15 ms", "aim"),
        ("1.5 × the ask at 500", ""),
    ]
    assert made.tables[0].rows[-1] == ("ax", "600 ms", "1.2 s", "not run")


def test_without_ax_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: list[dict[str, int | None]]
) -> None:
    made = section(monkeypatch, tmp_path, ax=False, quick=True)
    assert asked[:2] == [{"trimtab": None, "optuna": None}, {"trimtab": None}]
    assert [figure.measured for figure in made.figures][:2] == ["0.1 × Optuna's time", "10 ms"]
    assert "ax was NOT MEASURED: it needs ax-platform and torch to be installed." in made.notes
