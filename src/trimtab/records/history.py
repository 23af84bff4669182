"""The columns of a study.

Samplers, pruners, importances and plots read columns and never loop over trial objects: this is
why asking costs the same at 100,000 trials as at 1,000. Row i is trial number i. A history is kept
up to date by `History.apply`, one changed trial at a time; the revision it stands at tells a
storage what to send next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import UnknownTrial
from trimtab.records.block import Block
from trimtab.records.points import Points, extended
from trimtab.records.reports import Reports
from trimtab.records.state import FINISHED, TrialState
from trimtab.records.study import StudyDirection
from trimtab.records.trial import FrozenTrial
from trimtab.records.update import VALUE, Report
from trimtab.space import Floats, Internal, Space

DELETED = -1
"""State of a row whose trial was deleted, or whose number was never seen."""

_FIRST_CAPACITY = 64


class History:
    """A study's trials as columns.

    Args:
        directions: One per objective; m of them.

    Attributes:
        revision: The storage's revision that this history has seen.
        running: Numbers of RUNNING trials, ascending order not implied.
        waiting: Numbers of WAITING trials, oldest first.
        paused: Numbers of PAUSED trials.
    """

    def __init__(self, directions: tuple[StudyDirection, ...]) -> None:
        self.directions = directions
        self.revision = 0
        self.running: dict[int, None] = {}
        self.waiting: dict[int, None] = {}
        self.paused: dict[int, None] = {}
        self._queues: dict[int, dict[int, None]] = {
            TrialState.RUNNING: self.running,
            TrialState.WAITING: self.waiting,
            TrialState.PAUSED: self.paused,
        }
        self._n = 0
        self._capacity = _FIRST_CAPACITY
        m = len(directions)
        self._state = np.full(self._capacity, DELETED, dtype=np.int8)
        self._values: Floats = np.full((self._capacity, m), np.nan)
        self._sems: Floats = np.full((self._capacity, m), np.nan)
        self._violation: Floats = np.zeros(self._capacity)
        self._started = np.zeros(self._capacity, dtype=np.int64)
        self._finished_at = np.zeros(self._capacity, dtype=np.int64)
        self._attempt = np.ones(self._capacity, dtype=np.int32)
        self._points = Points(self._capacity)
        self._archived = np.zeros(self._capacity, dtype=bool)
        self._order = np.zeros(self._capacity, dtype=np.int64)
        self._n_order = 0
        self._constraints: dict[str, Floats] = {}
        self._reports = Reports()
        self._user_attrs: dict[int, Mapping[str, Any]] = {}
        self._system_attrs: dict[int, Mapping[str, Any]] = {}
        self.rewrites = 0
        """How often a finished row changed (archived, deleted, amended, reopened): what is
        derived from finished rows starts anew."""

    # ------------------------------------------------------------------ reading columns

    def __len__(self) -> int:
        return self._n

    @property
    def n_objectives(self) -> int:
        """m."""
        return len(self.directions)

    @property
    def states(self) -> NDArray[np.int8]:
        """Shape (n,): `TrialState` values, `DELETED` for deleted rows."""
        return self._state[: self._n]

    @property
    def values(self) -> Floats:
        """Shape (n, m): objective means as told (not turned), NaN where there are none."""
        return self._values[: self._n]

    @property
    def losses(self) -> Floats:
        """Shape (n, m): ``values`` turned so that smaller is better; a copy."""
        return self.values * self.signs

    @property
    def signs(self) -> Floats:
        """Shape (m,): 1 for a minimized objective, -1 for a maximized one."""
        return np.array([-1.0 if d is StudyDirection.MAXIMIZE else 1.0 for d in self.directions])

    @property
    def sems(self) -> Floats:
        """Shape (n, m): standard errors; 0 noiseless, NaN unknown."""
        return self._sems[: self._n]

    @property
    def violation(self) -> Floats:
        """Shape (n,): sum of the constraint values above 0; 0 is feasible."""
        return self._violation[: self._n]

    @property
    def constraint_names(self) -> tuple[str, ...]:
        """Names of the constraints seen so far."""
        return tuple(self._constraints)

    def constraint(self, name: str) -> Floats:
        """Shape (n,): one constraint's values, NaN where it was not set."""
        return self._constraints[name][: self._n]

    @property
    def started(self) -> NDArray[np.int64]:
        """Shape (n,): microseconds since the epoch, 0 where not started."""
        return self._started[: self._n]

    @property
    def finished_at(self) -> NDArray[np.int64]:
        """Shape (n,): microseconds since the epoch, 0 where not finished."""
        return self._finished_at[: self._n]

    @property
    def attempts(self) -> NDArray[np.int32]:
        """Shape (n,): how often the trial was begun; 1 for the first time."""
        return self._attempt[: self._n]

    @property
    def archived(self) -> NDArray[np.bool_]:
        """Shape (n,): whether the trial was set aside."""
        return self._archived[: self._n]

    @property
    def finished(self) -> NDArray[np.int64]:
        """Shape (k,): numbers of the finished trials in the order in which they finished.

        Archived and deleted ones are among them: mask with ``usable``. Append-only, except when
        ``rewrites`` grows; one that was reopened takes its place when it finishes again.
        """
        return self._order[: self._n_order]

    def usable(self, *states: TrialState) -> NDArray[np.int64]:
        """Numbers, ascending, of the trials in one of ``states`` that are not archived."""
        mask = np.isin(self.states, np.array(states, dtype=np.int8)) & ~self.archived
        return np.nonzero(mask)[0]

    @property
    def space(self) -> Space:
        """The latest distribution of every parameter seen so far, in order of appearance."""
        return self._points.space

    def raw(self, name: str) -> Floats:
        """Shape (n,): internal values of one parameter, NaN where absent.

        Raises:
            KeyError: If no trial has the parameter.
        """
        return self._points.raw(name)[: self._n]

    def unit(self, space: Space) -> Floats:
        """Shape (n, d): the columns of ``space`` in the unit cube, NaN where absent.

        A value outside a narrowed distribution is clipped to its edge.
        """
        return self._points.unit(space, self._n)

    def unit_rows(self, space: Space, rows: NDArray[np.int64]) -> Floats:
        """`unit` for some rows only, shape (len(rows), d); cost does not grow with n."""
        return self._points.unit_rows(space, rows)

    def unit_row(self, space: Space, number: int) -> list[float]:
        """One row of `unit`, bit for bit, as floats: what a sampler reads after every trial."""
        return self._points.unit_row(space, number)

    def layout(self, number: int) -> Space:
        """The space of one trial: its parameters and their distributions."""
        return self._points.layouts[self._points.layout.item(number)]

    def layout_id(self, number: int) -> int:
        """Index of one trial's space in `layouts`."""
        return self._points.layout.item(number)

    def has_layout(self, space: Space) -> bool:
        """Whether a trial had just these parameters and distributions."""
        return self._points.has_layout(space)

    def layouts(self) -> tuple[NDArray[np.int32], list[Space]]:
        """Shape (n,) index of each trial's space, and the spaces."""
        return self._points.layout[: self._n], self._points.layouts

    def reports(self, number: int) -> Mapping[int, Report]:
        """Reports of one trial by step, ascending; read only."""
        return self._reports.of(number)

    def newest(self, number: int, metric: str = VALUE) -> Iterator[tuple[int, float]]:
        """(step, value) of one trial's reports of ``metric``, the last step first."""
        return self._reports.newest(number, metric)

    def last_value(self, number: int, metric: str = VALUE) -> tuple[int, float] | None:
        """Last step of one trial at which ``metric`` was reported, and its value there."""
        return next(self.newest(number, metric), None)

    def last_step(self, number: int) -> int | None:
        """The last step at which one trial reported anything."""
        return self._reports.last_step(number)

    def value_range(self, number: int, metric: str = VALUE) -> tuple[float, float]:
        """Least and greatest value of ``metric`` that one trial reported; NaN where none is one.

        Values that are NaN are left out. The first call looks at all reports of the trial, later
        ones at none.
        """
        return self._reports.value_range(number, metric)

    def reported(self) -> Iterable[int]:
        """Numbers of the trials that have reports."""
        return self._reports.numbers()

    def user_attrs(self, number: int) -> Mapping[str, Any]:
        """User attributes of one trial; read only."""
        return self._user_attrs.get(number, {})

    def system_attrs(self, number: int) -> Mapping[str, Any]:
        """System attributes (among them what samplers keep) of one trial; read only."""
        return self._system_attrs.get(number, {})

    def with_user_attrs(self) -> Iterable[int]:
        """Numbers of the trials that have user attributes."""
        return self._user_attrs.keys()

    def with_system_attrs(self) -> Iterable[int]:
        """Numbers of the trials that have system attributes."""
        return self._system_attrs.keys()

    # ------------------------------------------------------------------ reading trials

    def trial(self, number: int, *, reports: bool = True) -> FrozenTrial:
        """One trial as a record, with containers of its own.

        Args:
            number: The trial.
            reports: Whether with its reports; without them the cost does not grow with these.

        Raises:
            UnknownTrial: If there is none of that number.
        """
        if not 0 <= number < self._n or self._state[number] == DELETED:
            raise UnknownTrial(f"`number`: expected a trial of this study, got {number!r}.")
        values: tuple[float, ...] | None = None
        sems: tuple[float | None, ...] | None = None
        row = self._values[number]
        if row[0] == row[0]:
            values = tuple(row.tolist())
            known = self._sems[number].tolist()
            if any(sem == sem for sem in known):
                sems = tuple(sem if sem == sem else None for sem in known)
        constraints = {
            name: float(column[number])
            for name, column in self._constraints.items()
            if column[number] == column[number]
        }
        return FrozenTrial.build(
            number,
            TrialState(int(self._state[number])),
            values=values,
            sems=sems,
            space=self.layout(number),
            point=self.point(number),
            started=int(self._started[number]) or None,
            finished=int(self._finished_at[number]) or None,
            reports=dict(self._reports.of(number)) if reports else None,
            constraints=constraints,
            user_attrs=dict(self._user_attrs.get(number, ())),
            system_attrs=dict(self._system_attrs.get(number, ())),
            attempt=int(self._attempt[number]),
            archived=bool(self._archived[number]),
        )

    def trials(
        self, states: Iterable[TrialState] | None = None, *, archived: bool = False
    ) -> Iterator[FrozenTrial]:
        """Trials in order of number; archived ones only on demand."""
        mask = self.states != DELETED
        if states is not None:
            mask &= np.isin(self.states, np.array(list(states), dtype=np.int8))
        if not archived:
            mask &= ~self.archived
        return (self.trial(int(number)) for number in np.nonzero(mask)[0])

    def point(self, number: int) -> tuple[Internal, ...]:
        """Internal values of one trial, in the order of its layout."""
        return self._points.point(number)

    # ------------------------------------------------------------------ writing

    def apply(self, trial: FrozenTrial, *, reports: bool = True) -> None:
        """Take over one new or changed trial.

        Args:
            trial: As the storage has it now.
            reports: Whether its reports are the whole of them; if not, those known here stay
                (unless they are of an earlier attempt) and `apply_report` adds to them.
        """
        number = trial.number
        if number >= self._n:
            if number >= self._capacity:
                self._grow(number + 1)
            self._n = number + 1
            before = DELETED
        else:
            before = self._state.item(number)
        state = trial.state
        was_finished = before in (1, 2, 3)
        if was_finished:
            was_finished = self._rewrite(trial)
        self._state[number] = state
        if before != state:
            self._move(number, before, state)
        if state in FINISHED and not was_finished:
            self._order[self._n_order] = number
            self._n_order += 1
        self._points.put(number, trial)
        if trial.values is not None:
            if len(trial.values) == 1:  # three times as fast as a row
                self._values[number, 0] = trial.values[0]
            else:
                self._values[number] = trial.values
            if trial.sems is not None:
                self._sems[number] = [np.nan if sem is None else sem for sem in trial.sems]
        if trial.constraints:
            self._set_constraints(number, trial.constraints)
        self._started[number] = trial.started or 0
        self._finished_at[number] = trial.finished or 0
        if trial.attempt != self._attempt.item(number):
            self._attempt[number] = trial.attempt
            self._reports.remove(number)  # those of the attempt before
        self._archived[number] = trial.archived
        if reports:
            self._reports.put(number, trial.reports)
        _keep(self._user_attrs, number, trial.user_attrs)
        _keep(self._system_attrs, number, trial.system_attrs)

    def extend(self, block: Block) -> None:
        """Take over many new trials; `set_finished` then says in which order they finished."""
        numbers = block.numbers
        if not len(numbers):
            return
        last = int(numbers.max())
        if last >= self._capacity:
            self._grow(last + 1)
        self._n = max(self._n, last + 1)
        self._state[numbers] = block.states
        self._attempt[numbers] = block.attempts
        self._started[numbers] = block.started
        self._finished_at[numbers] = block.finished
        self._archived[numbers] = block.archived
        self._values[numbers] = block.means
        self._sems[numbers] = block.sems
        self._points.put_block(numbers, block.space, block.points)
        for state, queue in self._queues.items():
            queue.update(dict.fromkeys(numbers[block.states == state].tolist()))
        self._user_attrs.update(block.user_attrs)
        self._system_attrs.update(block.system_attrs)
        for number, constraints in block.constraints.items():
            self._set_constraints(number, constraints)

    def add_layout(self, space: Space) -> None:
        """Learn of a space before a trial has it: columns appear in the order of this."""
        self._points.add_layout(space)

    def set_finished(self, numbers: NDArray[np.int64]) -> None:
        """Put the finished trials, each of which was applied, in the order of finishing."""
        self._n_order = len(numbers)
        self._order[: len(numbers)] = numbers

    def apply_report(self, number: int, report: Report) -> None:
        """Take over one report of a trial; what is known of its step stays."""
        self._reports.add(number, report)

    def remove(self, number: int) -> None:
        """Forget one trial; its number stays taken, also by one that was never seen."""
        if number >= self._n:
            if number >= self._capacity:
                self._grow(number + 1)
            self._n = number + 1
        if self._state[number] == DELETED:
            return
        before = int(self._state[number])
        self._move(number, before, None)
        self._state[number] = DELETED
        self.rewrites += before in (1, 2, 3)
        self._values[number] = self._sems[number] = np.nan
        self._violation[number] = 0.0
        for constraint in self._constraints.values():
            constraint[number] = np.nan
        self._points.remove(number)
        self._reports.remove(number)
        self._user_attrs.pop(number, None)
        self._system_attrs.pop(number, None)

    def _rewrite(self, trial: FrozenTrial) -> bool:
        """Clear what may be out of date of a finished row, before ``trial`` is put there.

        Returns:
            Whether the trial keeps its place among the finished ones; not if it was reopened.
        """
        number = trial.number
        old = self.trial(number)
        if (
            (trial.state, trial.values, trial.sems) == (old.state, old.values, old.sems)
            and (trial.space, trial.point) == (old.space, old.point)
            and trial.constraints == old.constraints
            and (trial.attempt, trial.archived) == (old.attempt, old.archived)
        ):
            return True  # an attribute, a note
        self.rewrites += 1
        self._values[number] = self._sems[number] = np.nan
        if trial.state in FINISHED and trial.attempt == old.attempt:
            return True
        order = self.finished
        left = order[order != number]
        self.set_finished(left)
        return False

    def _move(self, number: int, before: int, after: TrialState | None) -> None:
        old = self._queues.get(before)
        if old is not None:
            old.pop(number, None)
        if after is not None:
            new = self._queues.get(after)
            if new is not None:
                new[number] = None

    def _set_constraints(self, number: int, constraints: Mapping[str, float]) -> None:
        for name, value in constraints.items():
            self._constraint_column(name)[number] = value
        self._violation[number] = sum(max(value, 0.0) for value in constraints.values())

    def _constraint_column(self, name: str) -> Floats:
        column = self._constraints.get(name)
        if column is None:
            column = self._constraints[name] = np.full(self._capacity, np.nan)
        return column

    def _grow(self, wanted: int) -> None:
        old = self._capacity
        capacity = max(wanted, old * 2)
        self._capacity = capacity
        for slot, fill in (
            ("_state", DELETED),
            ("_values", np.nan),
            ("_sems", np.nan),
            ("_violation", 0.0),
            ("_started", 0),
            ("_finished_at", 0),
            ("_attempt", 1),
            ("_archived", False),
            ("_order", 0),
        ):
            setattr(self, slot, extended(getattr(self, slot), capacity, fill))
        self._points.grow(capacity)
        for name, constraint in self._constraints.items():
            self._constraints[name] = extended(constraint, capacity, np.nan)


def _keep(rows: dict[int, Any], number: int, content: Mapping[Any, Any]) -> None:
    """Keep a copy of what one trial has, or nothing where it has nothing."""
    if content:
        rows[number] = dict(content)
    elif number in rows:
        del rows[number]
