"""What a run shows of itself while it goes on."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from trimtab import tune
from trimtab.records import FrozenTrial, StudyDirection, TrialState
from trimtab.storage.rules import FAIL_REASON
from trimtab.tune.members import Member, Phase
from trimtab.tune.progress import Progress, short
from trimtab.tune.schedulers import PopulationBasedTraining


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Screen:
    width: int = 80
    height: int = 24
    is_terminal: bool = False
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file,
            width=self.width,
            height=self.height,
            force_terminal=self.is_terminal,
            _environ={},
        )

    def progress(
        self, verbose: int = 1, direction: StudyDirection = StudyDirection.MAXIMIZE
    ) -> Progress:
        return Progress("score", direction, verbose, self.console, self.clock)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.file.getvalue().splitlines()]

    def frame(self, progress: Progress) -> list[str]:
        """What would be drawn."""
        console = Console(
            file=io.StringIO(), width=self.width, height=self.height, force_terminal=True,
            color_system=None, _environ={},
        )  # fmt: skip
        with console.capture() as capture:
            console.print(progress)
        return [line.rstrip() for line in capture.get().splitlines()]


def member(number: int, **config: Any) -> Member:
    made = Member(number, f"trial_{number:05d}", Path("run"), {"constant": 1, **config})
    made.phase = Phase.RUNNING
    return made


def report(progress: Progress, member: Member, score: Any, **more: Any) -> None:
    member.step += 1
    member.result = {"score": score, **more}
    progress.on_result(member)


def ended(progress: Progress, member: Member, state: TrialState, reason: str = "") -> None:
    attrs = {FAIL_REASON: reason} if reason else {}
    member.phase = Phase.ENDED
    values = (1.0,) if state is not TrialState.FAIL else None
    progress.on_end(
        member, FrozenTrial.build(member.number, state, values=values, system_attrs=attrs)
    )


def test_the_table() -> None:
    screen = Screen()
    progress = screen.progress()
    progress.total = 12
    first, second, third = member(0, lr=0.1), member(1, lr=0.0123456), member(2, lr=0.5)
    for score in (0.5, 0.9, 0.7):
        report(progress, first, score)
    report(progress, second, 0.8)
    second.lineage = [[1, 0, 3, {"lr": 0.2}]]
    second.phase = Phase.RESTING
    report(progress, third, float("nan"))
    ended(progress, third, TrialState.PRUNED)
    screen.clock.now = 75.0
    header, _, *rows, best, counts = screen.frame(progress)
    assert header.split() == ["trial", "state", "step", "score", "from", "lr"]
    assert [row.split() for row in rows] == [
        ["0", "running", "3", "0.7", "0.1"],
        ["1", "paused", "1", "0.8", "0", "0.01235"],
        ["2", "pruned", "1", "nan", "0.5"],
    ]
    assert best == "best score 0.9 (trial 0, step 2)  lr=0.1"
    assert counts.startswith("1:15, 5 results, 0.06667 a second  1 running, 1 paused, 1 pruned, 9")


@pytest.mark.parametrize("width", [30, 80, 160])
def test_it_keeps_to_the_screen(width: int) -> None:
    screen = Screen(width, 20)
    progress = screen.progress()
    for number in range(50):
        config = {f"parameter_{k}": number + k for k in range(30)}
        report(progress, member(number, **config), number)
    frame = screen.frame(progress)
    assert len(frame) <= 19
    assert max(map(len, frame)) <= width
    assert frame[-3] == "and 38 more trials"
    # The best one is shown wherever it stands.
    assert frame[-4].split()[:2] == ["49", "running"]
    assert ("parameter_4" in frame[0]) == (width == 160)


def test_nests_are_called_by_their_ends_where_these_are_unlike() -> None:
    screen = Screen(120)
    progress = screen.progress()
    for n in range(2):
        config = {"a": {"lr": n, "beta": n}, "b": {"beta": n}, "very_long_names": {"of_nests": n}}
        report(progress, member(n, **config), 1.0)
    assert screen.frame(progress)[0].split()[4:] == ["lr", "a/beta", "b/beta", "of_nests"]


def test_parameters_stand_in_the_order_of_their_config() -> None:
    """Whichever trials are the first that differ in them."""
    screen = Screen(120)
    progress = screen.progress()
    for n, (a, b, c) in enumerate([(1, 1, 1), (1, 1, 2), (2, 2, 1)]):
        report(progress, member(n, a=a, b=b, c=c), 1.0)
    assert screen.frame(progress)[0].split()[4:] == ["a", "b", "c"]


def test_lines_now_and_then_without_a_terminal() -> None:
    screen = Screen()
    progress = screen.progress()
    progress.start()
    one = member(3, lr=0.1)
    report(progress, one, 1.0)
    assert screen.lines == []
    screen.clock.now = 10.0
    report(progress, one, 2.0)
    report(progress, one, 3.0)
    (line,) = screen.lines
    assert line == "1 running  best score 2 (trial 3, step 2)  0:10, 2 results, 0.2 a second"
    screen.clock.now = 19.0
    report(progress, one, 3.0)
    assert len(screen.lines) == 1
    ended(progress, one, TrialState.COMPLETE)
    progress.close()
    assert screen.lines[-1].startswith("1 complete  best score 3 (trial 3, step 3)")


def test_failures_are_told_at_once() -> None:
    screen = Screen()
    progress = screen.progress()
    progress.start()
    ended(progress, member(7), TrialState.FAIL, "ValueError: no such [bold]file[/bold]")
    assert screen.lines == ["trial 7 failed: ValueError: no such [bold]file[/bold]"]


def test_every_result_with_verbose_2_and_nothing_with_0() -> None:
    for verbose in (0, 2):
        screen = Screen()
        progress = screen.progress(verbose)
        progress.start()
        one, donor = member(0, lr=0.1), member(1)
        report(progress, one, 0.25, loss=3, timestamp=1.7e9)
        one.lineage = [[1, 1, 4, {"lr": 0.12}]]
        progress.on_exploit(one, donor)
        ended(progress, one, TrialState.FAIL, "it broke")
        progress.close()
        assert screen.lines[:3] == (
            [
                "trial 0, step 1: score 0.25, loss 3",
                "trial 0 after step 1 goes on from trial 1: lr = 0.12",
                "trial 0 failed: it broke",
            ]
            if verbose
            else []
        )


@pytest.mark.parametrize("value", [None, "high", [1.0], float("nan"), True])
def test_any_value_may_come(value: Any) -> None:
    screen = Screen()
    progress = screen.progress(2)
    progress.start()
    report(progress, member(0), value)
    assert screen.frame(progress)
    progress.close()


def test_small_is_best_where_it_is_minimized() -> None:
    screen = Screen()
    progress = screen.progress(direction=StudyDirection.MINIMIZE)
    one = member(0)
    for score in (3.0, 1.0, float("nan"), 2.0):
        report(progress, one, score)
    assert "best score 1 (trial 0, step 2)" in screen.frame(progress)


def test_a_result_costs_next_to_nothing() -> None:
    progress = Progress("score", StudyDirection.MAXIMIZE, 1, Screen().console)
    one = member(0, lr=0.1)
    one.result = {"score": 1.0}
    took = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(1_000):
            progress.on_result(one)
        took.append((time.perf_counter() - began) / 1_000)
    assert min(took) < 20e-6


def test_memory_is_bounded() -> None:
    progress = Screen().progress()
    for number in range(1_000):
        one = member(number)
        report(progress, one, 1.0)
        ended(progress, one, TrialState.COMPLETE)
    assert len(progress.rows()) <= 12


def train(config: dict[str, Any]) -> None:
    for step in range(1, 9):
        with tune_checkpoint() as checkpoint:
            tune.report({"score": config["lr"] * step}, checkpoint=checkpoint)


def tune_checkpoint() -> Any:
    import contextlib
    import tempfile

    @contextlib.contextmanager
    def made() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            yield tune.Checkpoint.from_directory(folder)

    return made()


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_a_run_shows_it(tmp_path: Path, verbose: int, capsys: pytest.CaptureFixture[str]) -> None:
    scheduler = PopulationBasedTraining(
        time_attr="training_iteration",
        perturbation_interval=4,
        hyperparam_mutations={"lr": tune.uniform(0.0, 1.0)},
        synch=True,
    )
    tune.Tuner(
        train,
        param_space={"lr": tune.grid_search([0.1, 0.9])},
        tune_config=tune.TuneConfig(
            metric="score", mode="max", scheduler=scheduler, executor="inline", seed=0
        ),
        run_config=tune.RunConfig(storage_path=tmp_path, verbose=verbose),
    ).fit()
    said = capsys.readouterr().err
    assert ("2 complete  best score" in said) == (verbose > 0)
    assert ("trial 0 after step 4 goes on from trial 1: lr = " in said) == (verbose > 1)


def test_a_terminal_is_drawn_over(tmp_path: Path) -> None:
    screen = Screen(is_terminal=True)
    progress = screen.progress()
    progress.start()
    report(progress, member(0, lr=0.1), 1.0)
    progress.close()
    assert "\x1b[?25l" in screen.file.getvalue()  # the cursor is hidden meanwhile
    assert "best score 1 (trial 0, step 1)" in screen.file.getvalue()


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (3, "3"), (12_345, "12,345"), (0.000123456, "0.0001235"), ("adam", "adam"),
     (True, "True"), ([1, 2], "[1, 2]")],
)  # fmt: skip
def test_values_in_a_few_characters(value: Any, text: str) -> None:
    assert short(value) == text
