"""What was measured is judged and written down as it is."""

import importlib
from pathlib import Path

import pytest

from benchmarks.__main__ import FAMILIES
from benchmarks.harness import Spread
from benchmarks.quality import _figure as quality_figure
from benchmarks.quality import key, ranks
from benchmarks.report import markdown, render
from benchmarks.results import Section, Table, Target, duration, judged, number, plain, spelled


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.2, "aim"), (0.3, "aim"), (0.31, "must"), (0.6, "must"), (0.61, "short")],
)
def test_at_most(value: float, verdict: str) -> None:
    assert Target(0.6, 0.3, "×").verdict(value) == verdict


@pytest.mark.parametrize(
    ("value", "verdict"), [(50, "aim"), (49, "must"), (20, "must"), (19, "short")]
)
def test_at_least(value: float, verdict: str) -> None:
    assert Target(20, 50, "×", at_most=False).verdict(value) == verdict


def test_the_median_is_judged_and_the_range_shown() -> None:
    figure = judged("import", Target(0.6, 0.3, "× Optuna's"), Spread(0.5, 0.25, 0.75))
    assert (figure.must, figure.aim) == ("≤ 0.6 × Optuna's", "≤ 0.3")
    assert (figure.measured, figure.verdict) == ("0.5 (0.25–0.75) × Optuna's", "must")


def test_a_fault_makes_the_best_figure_short() -> None:
    target = Target(200, 500, "trials/s", at_most=False)
    figure = judged("8 processes", target, Spread.of([900.0]), "numbers are not dense")
    assert figure.verdict == "short: numbers are not dense"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (12345.6, "12,346"),
        (100.4, "100"),
        (99.6, "99.6"),
        (10.0, "10"),
        (1.5, "1.5"),
        (0.061, "0.06"),
        (0.00123, "0.0012"),
        (-62.26, "-62.3"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(61.0, "61 s"), (1.5, "1.5 s"), (0.0123, "12.3 ms"), (4.5e-6, "4.5 µs")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_one_reading_has_no_range() -> None:
    assert spelled(Spread.of([2.0])) == "2"


def test_a_bar_in_a_cell_is_no_column() -> None:
    assert markdown(("a", "b"), [("x|y", "")]) == "| a | b |\n| --- | --- |\n| x\\|y |  |"


def test_the_summary_comes_before_what_is_behind_it() -> None:
    figure = plain("asking", Spread.of([2.0]), "ms")
    table = Table("Seconds", ("", "trimtab"), (("ask", "2 ms"),))
    text = render([Section("TPE", (figure,), (table,), ("A note.",))], ["A machine."])
    order = ["- A machine.", "| asking |", "## TPE", "**Seconds**", "| ask | 2 ms |", "- A note."]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_equal_regrets_share_their_mean_rank() -> None:
    assert ranks({"a": 2.0, "b": 1.0, "c": 2.0}) == {"a": 2.5, "b": 1.0, "c": 2.5}


@pytest.mark.parametrize(
    ("ours", "verdict"), [(0.5, "aim"), (1.0, "must"), (1.5, "must"), (2.0, "must"), (3.0, "short")]
)
def test_regret_is_judged_by_ranks(ours: float, verdict: str) -> None:
    values = {"trimtab": ours, "optuna": 2.0, "rustuna": 1.0}
    found = {name: [{key("f", 50): value}] for name, value in values.items()}
    assert quality_figure(found, ["f"], 50, 1).verdict == verdict


@pytest.mark.parametrize("module", FAMILIES.values())
def test_every_family_can_be_run(module: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{module}").run)


def test_files_are_short() -> None:
    root = Path(__file__).parents[3] / "benchmarks"
    assert [p.name for p in root.glob("*.py") if p.read_text().count("\n") > 300] == []
