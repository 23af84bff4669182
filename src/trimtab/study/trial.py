"""The live handle of a running trial: what an objective is given."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trimtab.errors import InvalidArgument, InvalidType, warn
from trimtab.records import (
    VALUE,
    FrozenTrial,
    Report,
    TrialState,
    TrialUpdate,
    as_float,
    from_micros,
)
from trimtab.space import (
    Distribution,
    FloatDistribution,
    Internal,
    Space,
    check_name,
    decode_json,
    encode_json,
)
from trimtab.study.handle import BaseTrial
from trimtab.study.prune import should_prune

if TYPE_CHECKING:
    from trimtab.storage import Storage
    from trimtab.study.study import Study

FIXED_PARAMS = "fixed_params"
"""System attribute of an enqueued trial: external values by name."""

_BURST = 0.05
"""Seconds within which reports of a buffering trial are written together."""


class Trial(BaseTrial):
    """A running trial.

    Values that the study foresaw are handed out without a word to the storage; what a trial adds
    (unforeseen parameters, reports, attributes, constraints) is written at once, or, in the
    optimize loop, with the next write.

    Args:
        study: It belongs to.
        record: The RUNNING trial as the storage gave it.
        space: Parameters that were foreseen, with the distributions they were drawn for.
        internals: Their internal values.
        buffered: Whether the loop that made this handle will tell it, so that parameters need
            not be written the moment they are suggested.
        exact: External values by name that the sampler wants used as they are.
    """

    __slots__ = (
        "_attempt",
        "_buffered",
        "_constraints",
        "_distributions",
        "_extra",
        "_fixed",
        "_foreseen",
        "_internals",
        "_lane",
        "_last_write",
        "_params",
        "_pending_attrs",
        "_pending_constraints",
        "_pending_reports",
        "_pending_state",
        "_record",
        "_space",
        "_steps",
        "_user_attrs",
        "_written",
        "number",
        "study",
        "tick",
    )

    def __init__(
        self,
        study: Study,
        record: FrozenTrial,
        space: Space,
        internals: Sequence[Internal],
        buffered: bool,
        exact: Mapping[str, Any] | None = None,
    ) -> None:
        self.study = study
        self.number = record.number
        self.tick = time.monotonic()
        self._record = record
        self._attempt = record.attempt
        self._space = space
        self._foreseen = internals
        self._written = record.space
        self._buffered = buffered
        self._params: dict[str, Any] = {}
        self._internals: dict[str, Internal] = {}
        self._distributions: dict[str, Distribution] = {}
        self._extra = False  # something was suggested that the storage has not seen
        self._lane = 0
        self._last_write = -math.inf
        self._pending_reports: list[Report] = []
        self._pending_attrs: dict[str, Any] = {}
        self._pending_state: dict[str, Any] = {}
        self._pending_constraints: dict[str, float] = {}
        self._steps: dict[int, Report] = {}
        self._user_attrs: dict[str, Any] | None = None
        self._constraints: dict[str, float] | None = None
        self._fixed: Mapping[str, Any] = exact or {}
        if FIXED_PARAMS in record.system_attrs:
            self._fixed = {**self._fixed, **record.system_attrs[FIXED_PARAMS]}

    # ------------------------------------------------------------------ parameters

    def _suggest(self, name: str, distribution: Distribution) -> Any:
        known = self._distributions.get(name)
        if known is not None:
            return self._again(name, known, distribution)
        space = self._space
        j = space.columns.get(name)
        if j is not None and (
            space.distributions[j] is distribution or space.distributions[j] == distribution
        ):
            internal = self._foreseen[j]
            if space is not self._written and name not in self._written:
                self._extra = True
        else:
            internal = self._draw(name, distribution)
            self._extra = True
        self._distributions[name] = distribution
        self._internals[name] = internal
        value = self._params[name] = (
            internal
            if distribution.__class__ is FloatDistribution
            else distribution.to_external_repr(internal)
        )
        if self._extra and not self._buffered:
            self.flush()
        return value

    def _again(self, name: str, known: Distribution, distribution: Distribution) -> Any:
        if known is not distribution and known != distribution:
            self.study.check_distribution(name, distribution)
            warn(
                f"`{name}` was suggested before in this trial, with {known}; its value stays, "
                f"and {distribution} is ignored.",
                RuntimeWarning,
            )
        return self._params[name]

    def _draw(self, name: str, distribution: Distribution) -> Internal:
        check_name("name", name)
        self.study.check_distribution(name, distribution)
        if name in self._fixed:
            return self.fixed_value(name, distribution, self._fixed[name])
        self._lane += 1
        return self.study.asker.draw(self, name, distribution, self._lane)

    def fixed_value(self, name: str, distribution: Distribution, value: Any) -> Internal:
        """The internal form of a value that was set beforehand; out of range only warns.

        Raises:
            InvalidArgument: If it is not a choice, or not a number.
        """
        internal = distribution.to_internal_repr(value)
        if not distribution._contains(internal):
            warn(
                f"Fixed parameter {name} with value {value!r} is out of range for "
                f"distribution {distribution}.",
                UserWarning,
            )
        return internal

    def given(self) -> dict[str, tuple[Distribution, Internal]]:
        """Distribution and internal value of what was suggested so far, in that order."""
        return {
            name: (distribution, self._internals[name])
            for name, distribution in self._distributions.items()
        }

    # ------------------------------------------------------------------ reports

    def report(
        self, value: float | Mapping[str, float], step: int, *, metric: str | None = None
    ) -> None:
        """Report a metric (or several by name) at a step.

        Args:
            value: A number, or numbers by metric name.
            step: At least 0. A metric that was reported at this step before keeps its first
                value.
            metric: Name of the metric; None for the objective of a single-objective study.

        Raises:
            NotImplementedError: If the study has several objectives and no metric is named.
            InvalidType: If the value is not a number or the step not an integer.
            InvalidArgument: If the step is negative.
        """
        if isinstance(value, Mapping):
            metrics = dict(value)
        else:
            if metric is None and len(self.study.directions) > 1:
                raise NotImplementedError(
                    "Trial.report without a metric name is not supported for multi-objective "
                    "optimization: pass `metric=`."
                )
            metrics = {metric or VALUE: as_float("value", value)}
        try:
            step = int(step)
        except (TypeError, ValueError) as error:
            raise InvalidType("step", "an integer", step) from error
        report = Report(step, metrics)
        known = self._steps.get(step) or self._record.reports.get(step)
        if known is None:
            self._steps[step] = report
        else:
            merged = self._steps[step] = known.merged(report)
            ignored = sorted(report.metrics.keys() & known.metrics.keys())
            if ignored:
                of = "" if ignored == [VALUE] else f" of {', '.join(map(repr, ignored))}"
                warn(
                    f"The reported value{of} is ignored because step {step} is already reported.",
                    UserWarning,
                )
            if merged is known:
                return
        self._pending_reports.append(report)
        if not self._buffered or time.monotonic() - self._last_write > _BURST:
            self.flush()

    def should_prune(self) -> bool:
        """Whether this trial should end now, by what it has reported or as someone asked for it.

        Raises:
            NotImplementedError: If the study has several objectives and the pruner was not told
                which metric to look at.
        """
        if self._pending_reports:
            self.flush()
        return should_prune(self.study, self)

    # ------------------------------------------------------------------ attributes

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep a JSON value with the trial.

        Raises:
            InvalidType: If JSON cannot hold it.
        """
        check_name("key", key)
        self._pending_attrs[key] = decode_json(encode_json(value))
        if not self._buffered:
            self.flush()

    def set_system_attr(self, key: str, value: Any) -> None:
        """Keep a JSON value that belongs to Trimtab or an extension of it."""
        self._pending_state[check_name("key", key)] = decode_json(encode_json(value))
        if not self._buffered:
            self.flush()

    def set_constraint(self, key: str, value: float) -> None:
        """Set a constraint's value; at most 0 is feasible. The first one set stays.

        Raises:
            InvalidType: If the value is not a number.
            InvalidArgument: If it is NaN.
        """
        update = TrialUpdate(constraints={key: value})
        if key in self.constraints:
            warn(f"The constraint {key!r} is set already; the new value is ignored.", UserWarning)
            return
        self._pending_constraints[key] = float(update.constraints[key])
        if not self._buffered:
            self.flush()

    # ------------------------------------------------------------------ writing

    def take_update(self) -> TrialUpdate | None:
        """What the storage has not seen yet; afterwards it counts as seen."""
        update = TrialUpdate(
            space=self.study.asker.spaces.of(self._distributions) if self._extra else None,
            point=tuple(self._internals.values()) if self._extra else (),
            reports=tuple(self._pending_reports),
            user_attrs=self._pending_attrs,
            system_attrs=self._pending_state,
            constraints=self._pending_constraints,
        )
        if not update:
            return None
        if update.space is not None:
            self._written = update.space
            self._extra = False
        if self._pending_attrs:
            self._user_attrs = {**self._stored_attrs(), **self._pending_attrs}
        if self._pending_constraints:
            self._constraints = {**self.constraints}
        self._pending_reports = []
        self._pending_attrs = {}
        self._pending_state = {}
        self._pending_constraints = {}
        self._last_write = time.monotonic()
        return update

    def final_update(self) -> TrialUpdate | None:
        """`take_update` at the end: parameters that were foreseen but never asked for go."""
        if not (
            self._extra
            or self._pending_reports
            or self._pending_attrs
            or self._pending_state
            or self._pending_constraints
            or len(self._internals) != len(self._written)
        ):
            return None
        self._extra = self._extra or len(self._internals) != len(self._written)
        return self.take_update()

    def flush(self) -> None:
        """Write what the storage has not seen yet."""
        update = self.take_update()
        if update is not None:
            self.study.storage.write(self.study.study_id, self.number, self._attempt, update)

    # ------------------------------------------------------------------ reading

    def end_time(self) -> int:
        """Microseconds since the epoch at which this trial ends if it ends now.

        The duration is told by the monotonic clock: a clock that is set back in mid-trial makes
        no negative one.
        """
        elapsed = int((time.monotonic() - self.tick) * 1e6)
        return (self._record.started or int(time.time() * 1e6)) + elapsed

    @property
    def attempt(self) -> int:
        """1, or more where the trial was reclaimed from a worker that died."""
        return self._attempt

    @property
    def storage(self) -> Storage:
        """Where the study is kept."""
        return self.study.storage

    @property
    def study_id(self) -> int:
        """The storage's key for the study."""
        return self.study.study_id

    @property
    def _trial_id(self) -> int:
        return self.number

    @property
    def params(self) -> dict[str, Any]:
        """The parameters suggested so far."""
        return dict(self._params)

    @property
    def distributions(self) -> dict[str, Distribution]:
        """Their distributions."""
        return dict(self._distributions)

    @property
    def relative_params(self) -> dict[str, Any]:
        """What the sampler foresaw, by name."""
        return self._space.external(tuple(self._foreseen))

    @property
    def user_attrs(self) -> dict[str, Any]:
        """User attributes, as JSON brings them back."""
        return {**self._stored_attrs(), **self._pending_attrs}

    @property
    def system_attrs(self) -> dict[str, Any]:
        """System attributes."""
        return {**self._record.system_attrs, **self._pending_state}

    @property
    def constraints(self) -> dict[str, float]:
        """The constraint values set so far."""
        known = self._record.constraints if self._constraints is None else self._constraints
        return {**known, **self._pending_constraints}

    @property
    def datetime_start(self) -> datetime.datetime | None:
        """When it began, in local time without a zone."""
        return from_micros(self._record.started)

    def frozen(self, state: TrialState = TrialState.RUNNING) -> FrozenTrial:
        """This trial as a record, with what is not written yet."""
        reports = {**self._record.reports, **self._steps}
        return self._record.replace(
            state=state,
            space=self.study.asker.spaces.of(self._distributions),
            point=tuple(self._internals.values()),
            reports=dict(sorted(reports.items())),
            user_attrs=self.user_attrs,
            system_attrs=self.system_attrs,
            constraints=self.constraints,
        )

    def _stored_attrs(self) -> Mapping[str, Any]:
        return self._record.user_attrs if self._user_attrs is None else self._user_attrs


def fixed_params(params: Any) -> dict[str, Any]:
    """Checked parameters of a trial to be enqueued, as JSON.

    Raises:
        InvalidType: If they are not a dictionary, or a value fits no JSON.
        InvalidArgument: If a name cannot be one.
    """
    if not isinstance(params, dict):
        raise InvalidType("params", "a dictionary", params)
    for name, value in params.items():
        check_name("params", name)
        if isinstance(value, float) and math.isnan(value):
            raise InvalidArgument(name, "a value that is not NaN", value)
    return {name: decode_json(encode_json(value)) for name, value in params.items()}
