"""The progress line: what it says, that it fits, and what it does without a terminal."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import trimtab
from trimtab.study.limits import Limits
from trimtab.study.progress import Progress, Snapshot, clock


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def snapshot(**changes: Any) -> Snapshot:
    known: dict[str, Any] = {
        "done": 23,
        "total": 60,
        "fraction": 23 / 60,
        "best": "best 0.9825 (trial 17)",
        "rate": 1.25,
        "elapsed": 18.4,
        "left": 29.6,
        "failed": 2,
        "pruned": 3,
    }
    return Snapshot(**(known | changes))


def test_a_wide_line_says_it_all() -> None:
    line = snapshot().line(120).plain
    assert line.endswith("  23/60  best 0.9825 (trial 17)  2 failed  3 pruned  1.2/s  0:30 left")
    assert line.startswith("━━━")


def test_a_narrow_line_keeps_what_matters() -> None:
    assert snapshot().line(54).plain == "23/60  best 0.9825 (trial 17)  2 failed  0:30 left"
    assert snapshot().line(30).plain == "23/60  best 0.9825 (trial 17)"
    assert snapshot().line(10).plain == "23/60"
    assert snapshot().line(3).plain == "23…"


def test_at_the_end_the_time_it_took() -> None:
    line = snapshot(done=60, fraction=1.0, left=0.0).line(120).plain
    assert line.endswith("0:18")


def test_without_a_limit() -> None:
    line = snapshot(total=None, fraction=None, left=None).line(120).plain
    assert line == "23 trials  best 0.9825 (trial 17)  2 failed  3 pruned  1.2/s  0:18"


@given(
    st.integers(1, 200),
    st.builds(
        snapshot,
        done=st.integers(0, 10**7),
        best=st.text(max_size=30),
        rate=st.none() | st.floats(1e-9, 1e9),
        elapsed=st.floats(0, 1e7),
        fraction=st.none() | st.floats(0, 1),
    ),
)
def test_the_line_always_fits(width: int, shown: Snapshot) -> None:
    assert shown.line(width).cell_len <= width


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0:00"), (59.6, "1:00"), (61.0, "1:01"), (3725.0, "1:02:05")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def run(
    limits: Limits, per_trial: float, n: int, console: Console, *, fail: Callable[[int], bool]
) -> Progress:
    """A loop of n trials, as `optimize` would tell of it."""
    study = trimtab.create_study()
    time = Clock()
    progress = Progress(study, limits, console, time)
    progress.start()
    for number in range(n):
        time.now += per_trial
        if fail(number):
            trial = study.tell(study.ask(), state=trimtab.TrialState.FAIL)
        else:
            trial = study.tell(study.ask(), float(number))
        progress.update(study, trial)
    progress.close()
    progress.close()
    return progress


def test_without_a_terminal_a_line_now_and_then() -> None:
    out = io.StringIO()
    run(Limits(n_trials=100), 1.0, 100, Console(file=out), fail=lambda number: number == 2)
    lines = out.getvalue().splitlines()
    assert lines[0] == "10/100  best 0 (trial 0)  1 failed  1.0/s  1:30 left"
    assert lines[-1] == "100/100  best 0 (trial 0)  1 failed  1.0/s  1:40"
    assert 4 <= len(lines) <= 10
    assert "\x1b" not in out.getvalue()


def test_a_loop_that_is_done_at_once_says_so_in_one_line() -> None:
    out = io.StringIO()
    run(Limits(), 0.001, 3, Console(file=out), fail=lambda number: False)
    assert len(out.getvalue().splitlines()) == 1
    out = io.StringIO()
    run(Limits(), 0.001, 0, Console(file=out), fail=lambda number: False)
    assert out.getvalue() == ""


def test_on_a_terminal_one_line_is_redrawn() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=70, legacy_windows=False)
    run(Limits(n_trials=4), 1.0, 4, console, fail=lambda number: False)
    assert out.getvalue().count("\n") == 1
    assert "4/4" in out.getvalue()


def test_a_resumed_study_starts_where_it_was() -> None:
    study = trimtab.create_study()
    study.add_trials([trimtab.create_trial(value=1.0)] * 6)
    progress = Progress(study, Limits(total_trials=8), Console(file=io.StringIO()), Clock())
    progress.start()
    assert (progress.snapshot().done, progress.snapshot().fraction) == (6, 0.75)
    assert progress.snapshot().left is None  # nobody knows yet how long a trial takes


def test_a_timeout_is_counted_down() -> None:
    time = Clock()
    study = trimtab.create_study()
    progress = Progress(study, Limits(timeout=60.0), Console(file=io.StringIO()), time)
    progress.start()
    time.now += 15.0
    shown = progress.snapshot()
    assert (shown.fraction, shown.left) == (0.25, 45.0)


def test_several_objectives() -> None:
    study = trimtab.create_study(directions=["minimize", "minimize"])
    progress = Progress(study, Limits(), Console(file=io.StringIO()))
    progress.start()
    progress.update(study, study.tell(study.ask(), [1.0, 2.0]))
    progress.close()
    assert progress.snapshot().best == "1 on the Pareto front"


def test_many_short_trials_are_not_held_up() -> None:
    """The study is asked how it stands for a small part of the time only."""
    asked = 0

    class Slow(Clock):
        def __call__(self) -> float:
            self.now += 0.001
            return self.now

    study = trimtab.create_study()
    progress = Progress(study, Limits(), Console(file=io.StringIO()), Slow())
    progress.start()
    trial = study.tell(study.ask(), 1.0)
    look = progress._look

    def counting(force: bool = False) -> None:
        nonlocal asked
        before = progress._look_again
        look(force)
        asked += progress._look_again != before

    progress._look = counting  # type: ignore[method-assign]  # to be counted
    for _ in range(1000):
        progress.update(study, trial)
    assert 1 <= asked <= 20


def test_optimize_shows_it(capfd: pytest.CaptureFixture[str]) -> None:
    study = trimtab.create_study()
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    study.optimize(lambda trial: 1.0, n_trials=3, show_progress_bar=True)
    study.optimize(lambda trial: math.nan, n_trials=1, show_progress_bar=True)
    trimtab.logging.set_verbosity(trimtab.logging.INFO)
    assert "3/3  best 1 (trial 0)" in capfd.readouterr().err
