"""The live progress line of `Study.optimize`."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trimtab.records import FrozenTrial, TrialState

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

    from trimtab.study.limits import Limits
    from trimtab.study.study import Study

_FRAMES = 5
"""A second: what the eye can read of numbers that change."""
_SHORTEST_BAR, _LONGEST_BAR = 8, 40
_FIRST_LINE, _LATER_LINES = 10.0, 0.2
"""Without a terminal: seconds to the first printed line, then a part of the time gone by."""
_MOST_OF_THE_TIME = 0.05
"""Part of the loop's time that may go into finding out what to show."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What there is to show of a loop.

    Attributes:
        done: Trials that ended: in this loop, or, with ``total_trials``, in the study.
        total: Of how many, or None.
        fraction: How much of the way is gone, 0 to 1; None where nobody knows.
        best: What is best so far.
        rate: Trials per second in this loop; None before the first.
        elapsed: Seconds.
        left: Seconds still to go; None where nobody knows.
        failed: Trials of this loop that failed.
        pruned: Trials of this loop that were pruned.
    """

    done: int
    total: int | None
    fraction: float | None
    best: str
    rate: float | None
    elapsed: float
    left: float | None
    failed: int
    pruned: int

    def words(self) -> list[tuple[int, str, str]]:
        """Pieces of the line in their order, as (how much they matter, 0 the most; text; style)."""
        pieces = [
            (0, f"{self.done}/{self.total}" if self.total else f"{self.done} trials", "bold"),
            (1, self.best, "green"),
        ]
        if self.failed:
            pieces.append((2, f"{self.failed} failed", "red"))
        if self.pruned:
            pieces.append((5, f"{self.pruned} pruned", "yellow"))
        if self.rate is not None:
            pieces.append((4, _rate(self.rate), "dim"))
        if self.left is not None and self.fraction != 1.0:
            pieces.append((3, f"{clock(self.left)} left", ""))
        else:
            pieces.append((3, clock(self.elapsed), ""))
        return pieces

    def line(self, width: int) -> Text:
        """The line, in at most ``width`` characters: what matters less goes first."""
        from rich.text import Text

        kept = self.words()
        while len(kept) > 1 and sum(len(text) + 2 for _, text, _ in kept) - 2 > width:
            kept.remove(max(kept))
        line = Text("  ").join(Text(text, style=style) for _, text, style in kept)
        room = min(width - line.cell_len - 2, _LONGEST_BAR)
        if self.fraction is not None and room >= _SHORTEST_BAR:
            filled = round(self.fraction * room)
            bar = Text("━" * filled, style="cyan") + Text(
                "━" * (room - filled), style="bright_black"
            )
            line = bar + "  " + line
        line.truncate(width, overflow="ellipsis")
        return line


class Progress:
    """One live line on a terminal or in a notebook; elsewhere a printed line now and then.

    Args:
        study: Of the loop.
        limits: Of the loop; they say what the line counts to.
        console: Where to; None: standard error.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        study: Study,
        limits: Limits,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from rich.console import Console

        self._study = study
        self._limits = limits
        self._console = console or Console(stderr=True)
        self._clock = clock
        self._began = clock()
        self._ended: float | None = None
        self._failed = 0
        self._pruned = 0
        self._run = 0
        self._done = 0
        self._before = 0
        self._best = ""
        self._look_again = -1.0
        self._print_again = self._began + _FIRST_LINE
        self._live: Any = None

    def start(self) -> None:
        """Show the line."""
        self._look(force=True)
        self._before = self._done
        if not can_redraw(self._console):
            return
        from rich.live import Live

        self._live = Live(
            self, console=self._console, refresh_per_second=_FRAMES, vertical_overflow="crop"
        )
        self._live.start()

    def update(self, study: Study, trial: FrozenTrial) -> None:
        """Count one trial that ended."""
        self._run += 1
        self._failed += trial.state is TrialState.FAIL
        self._pruned += trial.state is TrialState.PRUNED
        self._look()
        now = self._clock()
        if self._live is None and now >= self._print_again:
            self._print_again = now + max(_FIRST_LINE, _LATER_LINES * (now - self._began))
            self._look(force=True)
            self._print()

    def close(self) -> None:
        """Leave the line as it is at the end."""
        if self._ended is not None:
            return
        self._look(force=True)
        self._ended = self._clock()
        if self._live is not None:
            self._live.stop()
        elif self._run:
            self._print()

    def snapshot(self) -> Snapshot:
        """What there is to show now."""
        limits = self._limits
        elapsed = (self._clock() if self._ended is None else self._ended) - self._began
        total = limits.total_trials if limits.total_trials is not None else limits.n_trials
        rate = self._run / elapsed if self._run and elapsed > 0 else None
        fraction = left = None
        if total:
            fraction = min(1.0, self._done / total)
            if rate and self._done > self._before:
                left = max(0, total - self._done) / rate
        if limits.timeout is not None:
            until = max(0.0, limits.timeout - elapsed)
            left = until if left is None else min(left, until)
            if fraction is None and limits.timeout > 0:
                fraction = min(1.0, elapsed / limits.timeout)
        return Snapshot(
            self._done,
            total,
            fraction,
            self._best,
            rate,
            elapsed,
            left,
            self._failed,
            self._pruned,
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.snapshot().line(options.max_width)

    def _look(self, force: bool = False) -> None:
        """Ask the study how it stands, unless that was just done.

        Not from the thread that draws: a storage may be slow.
        """
        began = self._clock()
        if began < self._look_again and not force:
            return
        self._best = _best(self._study)
        if self._limits.total_trials is None:
            self._done = self._run
        else:
            self._done = len(self._study.history.finished)
        cost = self._clock() - began
        self._look_again = began + max(1.0 / _FRAMES, cost / _MOST_OF_THE_TIME)

    def _print(self) -> None:
        words = "  ".join(text for _, text, _ in self.snapshot().words())
        self._console.print(words, highlight=False, markup=False, soft_wrap=True)


def can_redraw(console: Console) -> bool:
    """Whether what is there can be drawn over: on a terminal, or in a notebook with widgets."""
    if console.is_jupyter:
        # Without widgets a notebook would get every frame as an output of its own.
        return importlib.util.find_spec("ipywidgets") is not None
    return console.is_terminal and not console.is_dumb_terminal and sys.stderr is not None


def _rate(rate: float) -> str:
    if rate >= 10:
        return f"{rate:,.0f}/s"
    if rate >= 1:
        return f"{rate:.1f}/s"
    return f"{1 / rate:.3g} s each"


def clock(seconds: float) -> str:
    """Seconds as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _best(study: Study) -> str:
    if len(study.directions) > 1:
        return f"{len(study.best_trials)} on the Pareto front"
    try:
        trial = study.best_trial
    except ValueError:
        return "no best trial yet"
    return f"best {trial.value:.6g} (trial {trial.number})"
