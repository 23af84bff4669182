"""A trial: frozen, and valid from the moment it exists."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trimtab.errors import InvalidArgument, warn
from trimtab.records.state import TrialState
from trimtab.records.times import from_micros, to_micros
from trimtab.records.update import VALUE, Outcome, Report, TrialUpdate
from trimtab.space import Distribution, Internal, Space

EMPTY_SPACE: Final = Space()


class FrozenTrial:
    """One trial as it was when it was read; it does not change.

    The arguments are Optuna's, with `sems`, `constraints`, `attempt` and `archived` added.

    Attributes:
        number: 0 for the study's first trial, then dense.
        state: Where the trial is in its life.
        values: Objective means, one per direction, or None.
        sems: Their standard errors (0.0 noiseless, None unknown), or None: all unknown.
        space: Distributions of its parameters.
        point: Internal values in the order of ``space``.
        started: Microseconds since the epoch, UTC, or None.
        finished: Likewise.
        reports: By step, ascending.
        constraints: By name; at most 0 is feasible.
        attempt: 1 for the first run of the trial; grows when it is reclaimed.
        archived: Set aside: hidden from lists and from samplers.

    Raises:
        InvalidArgument: If the trial could not exist: a finished one without an end, a COMPLETE
            one without values, parameters without distributions or outside them.
    """

    __slots__ = (
        "archived",
        "attempt",
        "constraints",
        "finished",
        "number",
        "point",
        "reports",
        "sems",
        "space",
        "started",
        "state",
        "system_attrs",
        "user_attrs",
        "values",
    )

    number: int
    state: TrialState
    values: tuple[float, ...] | None
    sems: tuple[float | None, ...] | None
    space: Space
    point: tuple[Internal, ...]
    started: int | None
    finished: int | None
    reports: Mapping[int, Report]
    constraints: Mapping[str, float]
    user_attrs: Mapping[str, Any]
    system_attrs: Mapping[str, Any]
    attempt: int
    archived: bool

    def __init__(
        self,
        number: int,
        state: TrialState,
        value: float | None,
        datetime_start: datetime.datetime | None,
        datetime_complete: datetime.datetime | None,
        params: Mapping[str, Any],
        distributions: Mapping[str, Distribution],
        user_attrs: Mapping[str, Any],
        system_attrs: Mapping[str, Any],
        intermediate_values: Mapping[int, float],
        trial_id: int | None = None,
        *,
        values: Sequence[float] | None = None,
        sems: Sequence[float | None] | None = None,
        constraints: Mapping[str, float] | None = None,
        attempt: int = 1,
        archived: bool = False,
    ) -> None:
        del trial_id  # a trial is known by its study and number
        state = TrialState(state)
        if value is not None and values is not None:
            raise InvalidArgument("values", "`value` or `values`, not both", values)
        if value is not None:
            values = (value,)
        if set(params) != set(distributions):
            raise InvalidArgument(
                "distributions", f"one for each of {sorted(params)}", sorted(distributions)
            )
        space = Space({name: distributions[name] for name in params})
        point = tuple(space[name].to_internal_repr(params[name]) for name in params)
        for name, internal in zip(space.names, point, strict=True):
            if not space[name]._contains(internal):
                raise InvalidArgument(name, f"a value of {space[name]}", params[name])
        started, finished = to_micros(datetime_start), to_micros(datetime_complete)
        if state is not TrialState.WAITING and started is None:
            raise InvalidArgument("datetime_start", "a time, as the trial is not waiting", None)
        if state.is_finished() and finished is None:
            raise InvalidArgument("datetime_complete", "a time, as the trial has finished", None)
        if not state.is_finished() and finished is not None:
            raise InvalidArgument(
                "datetime_complete", "None, as the trial has not finished", datetime_complete
            )
        means = tuple(values) if values is not None else None
        errors = tuple(sems) if sems is not None else None
        if state.is_finished():
            outcome = Outcome(state, means, errors)
            means, errors = outcome.values, outcome.sems
        elif means is not None:
            raise InvalidArgument("values", "None, as the trial has not finished", values)
        update = TrialUpdate(constraints=dict(constraints or {}))
        reports = {
            step: Report(step, {VALUE: intermediate_values[step]})
            for step in sorted(intermediate_values)
        }
        for slot, content in (
            ("number", number),
            ("state", state),
            ("values", means),
            ("sems", errors),
            ("space", space),
            ("point", point),
            ("started", started),
            ("finished", finished),
            ("reports", reports),
            ("constraints", update.constraints),
            ("user_attrs", dict(user_attrs)),
            ("system_attrs", dict(system_attrs)),
            ("attempt", attempt),
            ("archived", archived),
        ):
            _set(self, slot, content)

    @classmethod
    def build(
        cls,
        number: int,
        state: TrialState,
        *,
        values: tuple[float, ...] | None = None,
        sems: tuple[float | None, ...] | None = None,
        space: Space = EMPTY_SPACE,
        point: tuple[Internal, ...] = (),
        started: int | None = None,
        finished: int | None = None,
        reports: Mapping[int, Report] | None = None,
        constraints: Mapping[str, float] | None = None,
        user_attrs: Mapping[str, Any] | None = None,
        system_attrs: Mapping[str, Any] | None = None,
        attempt: int = 1,
        archived: bool = False,
    ) -> FrozenTrial:
        """A trial from parts that were validated before (by `Outcome`, `TrialUpdate`, a storage).

        The mappings are taken over, not copied.
        """
        self = object.__new__(cls)
        _set(self, "number", number)
        _set(self, "state", state)
        _set(self, "values", values)
        _set(self, "sems", sems)
        _set(self, "space", space)
        _set(self, "point", point)
        _set(self, "started", started)
        _set(self, "finished", finished)
        _set(self, "reports", {} if reports is None else reports)
        _set(self, "constraints", {} if constraints is None else constraints)
        _set(self, "user_attrs", {} if user_attrs is None else user_attrs)
        _set(self, "system_attrs", {} if system_attrs is None else system_attrs)
        _set(self, "attempt", attempt)
        _set(self, "archived", archived)
        return self

    def replace(self, **changes: Any) -> FrozenTrial:
        """A copy with some slots changed (named as the attributes)."""
        slots = {slot: getattr(self, slot) for slot in self.__slots__}
        return FrozenTrial.build(**(slots | changes))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"FrozenTrial does not change; `{name}` cannot be set.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"FrozenTrial does not change; `{name}` cannot be deleted.")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, ({slot: getattr(self, slot) for slot in self.__slots__},)

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenTrial:
        return self.copy()

    def copy(self) -> FrozenTrial:
        """The same trial with mappings of its own."""
        return FrozenTrial.build(
            self.number,
            self.state,
            values=self.values,
            sems=self.sems,
            space=self.space,
            point=self.point,
            started=self.started,
            finished=self.finished,
            reports=dict(self.reports),
            constraints=dict(self.constraints),
            user_attrs=dict(self.user_attrs),
            system_attrs=dict(self.system_attrs),
            attempt=self.attempt,
            archived=self.archived,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrozenTrial):
            return NotImplemented
        return all(getattr(self, slot) == getattr(other, slot) for slot in self.__slots__)

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, FrozenTrial):
            return NotImplemented
        return self.number < other.number

    def __le__(self, other: Any) -> bool:
        if not isinstance(other, FrozenTrial):
            return NotImplemented
        return self.number <= other.number

    def __hash__(self) -> int:
        return hash((self.number, self.state, self.values, self.point, self.attempt))

    def _repr_html_(self) -> str:
        from trimtab.records.html import facts, titled

        values = ", ".join(f"{value:.6g}" for value in self.values or ()) or None
        shown = [("state", self.state.name.lower()), ("value", values), *self.params.items()]
        return titled(f"Trial {self.number}", facts(shown))

    def __repr__(self) -> str:
        return (
            f"FrozenTrial(number={self.number}, state={self.state.name}, values={self.values}, "
            f"params={self.params}, datetime_start={self.datetime_start}, "
            f"datetime_complete={self.datetime_complete}, user_attrs={dict(self.user_attrs)}, "
            f"intermediate_values={self.intermediate_values}, "
            f"distributions={self.distributions}, constraints={dict(self.constraints)})"
        )

    @property
    def params(self) -> dict[str, Any]:
        """Parameters as the objective saw them."""
        return self.space.external(self.point)

    @property
    def distributions(self) -> dict[str, Distribution]:
        """Distributions by parameter name."""
        return dict(self.space)

    @property
    def value(self) -> float | None:
        """The objective value of a single-objective trial.

        Raises:
            RuntimeError: If the trial has several.
        """
        if self.values is None:
            return None
        if len(self.values) > 1:
            raise RuntimeError(
                "This attribute is not available during multi-objective optimization."
            )
        return self.values[0]

    @property
    def intermediate_values(self) -> dict[int, float]:
        """The unnamed reported metric by step."""
        return {
            step: report.metrics[VALUE]
            for step, report in self.reports.items()
            if VALUE in report.metrics
        }

    @property
    def last_step(self) -> int | None:
        """The largest reported step."""
        return max(self.reports) if self.reports else None

    @property
    def datetime_start(self) -> datetime.datetime | None:
        """When it began, in local time without a zone."""
        return from_micros(self.started)

    @property
    def datetime_complete(self) -> datetime.datetime | None:
        """When it ended, in local time without a zone."""
        return from_micros(self.finished)

    @property
    def duration(self) -> datetime.timedelta | None:
        """How long it took."""
        if self.started is None or self.finished is None:
            return None
        return datetime.timedelta(microseconds=self.finished - self.started)

    @property
    def is_feasible(self) -> bool:
        """Whether no constraint is above 0."""
        return all(value <= 0.0 for value in self.constraints.values())

    @property
    def _trial_id(self) -> int:
        return self.number

    def suggest_float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        step: float | None = None,
        log: bool = False,
    ) -> float:
        """The stored value of a float parameter; see `_stored`."""
        from trimtab.space import cached_float

        return float(self._stored(name, cached_float(low, high, log, step)))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """The stored value of an integer parameter; see `_stored`."""
        from trimtab.space import cached_int

        return int(self._stored(name, cached_int(low, high, log, step)))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """The stored choice; see `_stored`."""
        from trimtab.space import CategoricalDistribution

        return self._stored(name, CategoricalDistribution(tuple(choices)))

    # An objective may be called on a frozen trial, to run it once more on the best parameters:
    # what it sets is dropped, as the record does not change.

    def report(self, value: float, step: int) -> None:
        """Nothing: a frozen trial keeps the reports it has."""

    def set_user_attr(self, key: str, value: Any) -> None:
        """Nothing: a frozen trial keeps the attributes it has."""

    def set_constraint(self, key: str, value: float) -> None:
        """Nothing: a frozen trial keeps the constraint values it has."""

    def should_prune(self) -> bool:
        """False: a frozen trial runs to its end."""
        return False

    def _stored(self, name: str, distribution: Distribution) -> Any:
        if name not in self.space:
            raise InvalidArgument("name", f"one of {sorted(self.space)}", name)
        value = self.space[name].to_external_repr(self.point[self.space.index(name)])
        if not distribution._contains(distribution.to_internal_repr(value)):
            warn(
                f"The value {value!r} of `{name}` is out of the range of {distribution}.",
                UserWarning,
            )
        return value


_set = object.__setattr__


def _rebuild(slots: dict[str, Any]) -> FrozenTrial:
    return FrozenTrial.build(**slots)
