"""How a run stands, for whoever waits for it: one table that is drawn over, or a line at a time.

A result costs a few assignments. The table is made from them when it is drawn, at most four times a
second, by a thread of its own.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trimtab.records import FrozenTrial, StudyDirection, TrialState
from trimtab.space.paths import SEPARATOR, flattened
from trimtab.storage.rules import FAIL_REASON
from trimtab.study.progress import can_redraw, clock
from trimtab.tune.members import Member, Phase
from trimtab.tune.metrics import number_of, numeric

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table
    from rich.text import Text

_FRAMES: Final = 4
_FIRST_LINE, _LATER_LINES = 10.0, 0.2
"""Without a terminal: seconds to the first line, then a part of the time gone by."""
_ENDED = 12
"""Trials that ended and are still shown, the newest of them."""
_AROUND = 8
"""Lines that the table needs around its rows."""
_NARROWEST, _WIDEST = 6, 14
"""Characters of a parameter's column."""

_GAP = 3
"""Characters between columns."""

_STATES = {
    Phase.READY: "paused",
    Phase.RUNNING: "running",
    Phase.RESTING: "paused",
    Phase.ENDING: "ending",
    Phase.ENDED: "ended",
}
_STYLES = {
    "running": "green",
    "paused": "magenta",
    "ending": "cyan",
    "complete": "blue",
    "pruned": "yellow",
    "failed": "red",
}
_ORDER = ("running", "ending", "paused", "failed", "complete", "pruned")


@dataclass(frozen=True, slots=True)
class Row:
    """What there is to say of one trial.

    Attributes:
        number: The trial.
        state: What it does, in one word.
        step: Its newest report; 0: none.
        value: The metric in it; None: not in it.
        config: The trial's, flat.
        donor: From which trial it last went on, or None.
    """

    number: int
    state: str
    step: int
    value: float | None
    config: dict[str, Any]
    donor: int | None


class Progress:
    """Shows how a run stands.

    Args:
        metric: What is tuned; None: the first number that a trial reports.
        direction: Of the metric.
        verbose: 0: nothing is shown; 1: the table, and a line for each trial that failed; 2: a
            line for each result and each exploit, too.
        console: Where to; None: standard error.
        now: Seconds that only go forward.

    Attributes:
        total: How many trials there will be in all; None: nobody knows.
    """

    def __init__(
        self,
        metric: str | None,
        direction: StudyDirection,
        verbose: int = 1,
        console: Console | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metric = metric
        self._sign = -1.0 if direction is StudyDirection.MINIMIZE else 1.0
        self.total: int | None = None
        self._verbose = verbose
        self._console = console
        self._now = now
        self._members: dict[int, Member] = {}
        self._ended: deque[Row] = deque(maxlen=_ENDED)
        self._counts: dict[str, int] = {}
        self._results = 0
        self._best: Row | None = None
        self._best_score = -math.inf
        self._began = now()
        self._print_at = self._began + _FIRST_LINE
        self._live: Any = None

    # ------------------------------------------------------------------ what happens

    def start(self) -> None:
        """Begin to show."""
        if not self._verbose:
            return
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=True)
        if self._console.is_jupyter:
            from trimtab.tune.notebook import NotebookLive

            self._live = NotebookLive(self, self._console.width)
            self._live.start()
        elif can_redraw(self._console):
            from rich.live import Live

            self._live = Live(
                self, console=self._console, refresh_per_second=_FRAMES, vertical_overflow="crop"
            )
            self._live.start()

    def close(self) -> None:
        """Leave what is shown as it is at the end."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        elif self._console is not None and (self._results or self._counts):
            self._say(self._line())
        self._console = None

    def on_result(self, member: Member) -> None:
        """A trial reported."""
        self._members[member.number] = member
        self._results += 1
        if self._metric is None:
            self._metric = next(iter(numeric(member.result)), None)
        value = number_of(self._value(member))
        if value is not None and self._sign * value > self._best_score:
            self._best_score, self._best = self._sign * value, self._row(member)
        if self._console is None:
            return
        if self._verbose > 1:
            self._say(self._reported(member))
        if self._live is None:
            now = self._now()
            if now >= self._print_at:
                self._print_at = now + max(_FIRST_LINE, _LATER_LINES * (now - self._began))
                self._say(self._line())

    def on_exploit(self, member: Member, donor: Member) -> None:
        """A trial goes on from another."""
        self._members[member.number] = member
        if self._verbose > 1 and member.lineage:
            changed = ", ".join(f"{k} = {short(v)}" for k, v in member.lineage[-1][3].items())
            told = f"trial {member.number} after step {member.step} goes on from trial"
            self._say(f"{told} {donor.number}: {changed or 'nothing changed'}")

    def on_end(self, member: Member, trial: FrozenTrial) -> None:
        """A trial ended."""
        self._members.pop(member.number, None)
        state = "failed" if trial.state is TrialState.FAIL else trial.state.name.lower()
        self._counts[state] = self._counts.get(state, 0) + 1
        self._ended.append(self._row(member, state))
        if trial.state is TrialState.FAIL:
            reason = trial.system_attrs.get(FAIL_REASON, "for no known reason")
            self._say(f"trial {member.number} failed: {reason}")

    # ------------------------------------------------------------------ what is shown

    def rows(self) -> list[Row]:
        """The trials to show: those that live, and the last that ended, by what they do."""
        # The run's thread goes on meanwhile: one look at each thing that it changes.
        rows = [self._row(member) for member in list(self._members.values())]
        rows += list(self._ended)
        return sorted(rows, key=lambda row: (_ORDER.index(row.state), row.number))

    def _row(self, member: Member, state: str | None = None) -> Row:
        lineage = member.lineage
        return Row(
            member.number,
            state or _STATES[member.phase],
            member.step,
            number_of(self._value(member)),
            flattened(member.config),
            lineage[-1][1] if lineage else None,
        )

    def _value(self, member: Member) -> Any:
        return None if self._metric is None else member.result.get(self._metric)

    def _told_counts(self, rows: list[Row]) -> str:
        counts = dict(self._counts)
        for row in rows:
            if row.number in self._members:
                counts[row.state] = counts.get(row.state, 0) + 1
        parts = [f"{counts[state]:,} {state}" for state in _ORDER if counts.get(state)]
        if self.total is not None:
            left = self.total - sum(counts.values())
            parts += [f"{left:,} to come"] if left > 0 else []
        return ", ".join(parts) or "nothing runs yet"

    def _told_best(self) -> str:
        best = self._best
        if best is None:
            return ""
        return f"best {self._metric} {short(best.value)} (trial {best.number}, step {best.step})"

    def _pace(self) -> str:
        elapsed = self._now() - self._began
        pace = f"{clock(elapsed)}, {self._results:,} results"
        return f"{pace}, {short(self._results / elapsed)} a second" if elapsed > 1.0 else pace

    def _line(self) -> str:
        parts = [self._told_counts(self.rows()), self._told_best()]
        if self._best is not None:
            parts[1] += "".join(
                f"  {name}={short(self._best.config.get(name))}" for name in self._params(8)
            )
        return "  ".join(part for part in (*parts, self._pace()) if part)

    def _reported(self, member: Member) -> str:
        values = [
            f"{name} {short(value)}"
            for name, value in member.result.items()
            if name not in ("timestamp", "time_this_iter_s", "training_iteration")
        ]
        return f"trial {member.number}, step {member.step}: {', '.join(values)}"

    def _params(self, most: int) -> list[str]:
        """Names of the parameters in which trials differ, in the order of their config."""
        seen: dict[str, Any] = {}
        differ: set[str] = set()
        for row in self.rows():
            for name, value in row.config.items():
                if seen.setdefault(name, value) != value:
                    differ.add(name)
        return [name for name in seen if name in differ][:most]

    def _say(self, line: str) -> None:
        if self._console is not None and self._verbose:
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        rows = self.rows()
        height = options.height or console.height
        room = max(height - _AROUND, 3) if console.is_terminal else 40
        yield from self._table(rows, room, options.max_width)
        best = self._best
        if best is not None:
            line = Text(self._told_best(), style="bold")
            names = self._params(20)
            line.append("".join(f"  {n}={short(best.config.get(n))}" for n in names), "not bold")
            line.truncate(options.max_width, overflow="ellipsis")
            yield line
        line = Text(f"{self._pace()}  {self._told_counts(rows)}", style="dim")
        line.truncate(options.max_width, overflow="ellipsis")
        yield line

    def _table(self, rows: list[Row], room: int, width: int) -> Iterator[Table | Text]:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        if not rows:
            return
        shown = rows[:room]
        if self._best is not None and all(row.number != self._best.number for row in shown):
            there = [row for row in rows if row.number == self._best.number]
            shown = [*shown[: room - len(there)], *there]
        columns: list[tuple[str, list[str]]] = [
            ("trial", [str(row.number) for row in shown]),
            ("state", [row.state for row in shown]),
            ("step", [f"{row.step:,}" for row in shown]),
            (str(self._metric or "value"), [short(row.value) for row in shown]),
        ]
        if any(row.donor is not None for row in shown):
            columns.append(("from", ["" if r.donor is None else str(r.donor) for r in shown]))
        used = sum(_width(title, cells) + _GAP for title, cells in columns)
        names = self._params(40)
        ends = [name.rsplit(SEPARATOR, 1)[-1] for name in names]
        for name, end in zip(names, ends, strict=True):
            title = end if ends.count(end) == 1 else name
            cells = [short(row.config.get(name)) for row in shown]
            wide = max(min(_width(title, cells), _WIDEST), _NARROWEST) + _GAP
            if used + wide > width:
                break
            used += wide
            columns.append((title, cells))
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
        for title, _ in columns:
            justify: Any = "left" if title == "state" else "right"
            table.add_column(
                Text(_fitted(title)), justify=justify, no_wrap=True, overflow="ellipsis"
            )
        for index, row in enumerate(shown):
            is_best = self._best is not None and row.number == self._best.number
            texts = [
                Text(_fitted(cells[index]), _STYLES.get(row.state, "") if title == "state" else "")
                for title, cells in columns
            ]
            table.add_row(*texts, style="bold" if is_best else "")
        yield table
        if len(shown) < len(rows):
            yield Text(f"and {len(rows) - len(shown):,} more trials", style="dim")


def short(value: Any) -> str:
    """A value in a few characters."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        number = number_of(value)
        return str(value) if number is None or isinstance(value, (bool, str)) else short(number)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _width(title: str, cells: list[str]) -> int:
    return max(len(title), *map(len, cells))


def _fitted(text: str) -> str:
    """A text in the width of a column, its middle left out."""
    if len(text) <= _WIDEST:
        return text
    half = _WIDEST // 2
    return f"{text[: _WIDEST - half - 1]}…{text[-half:]}"
