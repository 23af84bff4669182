"""Records as rows and back, exact to the bit."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.errors import InvalidArgument
from trimtab.records import (
    FrozenTrial,
    Report,
    StudyDirection,
    StudyRecord,
    TrialState,
    TrialUpdate,
)
from trimtab.space import (
    CategoricalDistribution,
    FloatDistribution,
    Space,
    check_name,
    decode_json,
    encode_json,
    from_json,
    to_json,
)

Row = tuple[Any, ...]
"""One row as the driver gives it; columns in the order of the statement."""

TRIAL_COLUMNS = (
    "number",
    "state",
    "attempt",
    "layout",
    "point",
    "means",
    "sems",
    "constraints",
    "user_attrs",
    "system_attrs",
    "started",
    "finished",
    "archived",
)
"""What `decode_trial` reads, in its order."""

STUDY_COLUMNS = (
    "id",
    "name",
    "directions",
    "metric_names",
    "created",
    "archived",
    "revision",
)
"""What `decode_study` reads, in its order."""

_STATES = {int(state): state for state in TrialState}
_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_decoder = json.JSONDecoder()
_decode = _decoder.decode


def dumps(value: Any) -> str:
    """``value``, already plain JSON, as ASCII text.

    Raises:
        InvalidArgument: If Python's limit on the digits of an integer is passed.
    """
    try:
        return _encoder.encode(value)
    except ValueError as error:
        raise InvalidArgument("value", f"something JSON can hold ({error})", value) from error


def dump_floats(values: Sequence[Any] | Mapping[str, Any]) -> str:
    """Numbers, perhaps not finite, as text."""
    try:
        return _encoder.encode(values)
    except ValueError:
        return dumps(encode_json(dict(values) if isinstance(values, Mapping) else list(values)))


def loads(text: str) -> Any:
    """What `dumps` was given, or what `encode_json` was given before."""
    value = _decode(text)
    return decode_json(value) if '"$' in text else value


def dump_attrs(attrs: Mapping[str, Any]) -> str | None:
    """Attributes with checked names as text; None where there are none."""
    if not attrs:
        return None
    return dumps({check_name("key", key): encode_json(value) for key, value in attrs.items()})


def load_attrs(text: str | None) -> dict[str, Any]:
    """What `dump_attrs` was given."""
    if text is None:
        return {}
    value = _decode(text)
    if not isinstance(value, dict):
        raise InvalidArgument("attrs", "a JSON object", text)
    if '"$' in text:
        return {key: decode_json(item) for key, item in value.items()}
    return value


def load_constraints(text: str) -> dict[str, float]:
    """Constraints by name, none of them NaN."""
    return dict(TrialUpdate(constraints=loads(text)).constraints)


def dump_space(space: Space) -> str:
    """A space as text, in order."""
    return dumps([[name, to_json(distribution)] for name, distribution in space.items()])


def load_space(text: str) -> Space:
    """What `dump_space` was given."""
    return Space({name: from_json(body) for name, body in _decode(text)})


def decode_study(row: Row, user: Mapping[str, Any], system: Mapping[str, Any]) -> StudyRecord:
    """A study from its `STUDY_COLUMNS`.

    Raises:
        ValueError, TypeError, LookupError: If the row is damaged.
    """
    study_id, name, directions, metric_names, created, archived, revision = row
    names = None if metric_names is None else tuple(_decode(metric_names))
    return StudyRecord(
        int(study_id),
        name,
        load_directions(directions),
        names,
        user,
        system,
        int(created),
        bool(archived),
        int(revision),
    )


def load_directions(text: str) -> tuple[StudyDirection, ...]:
    """Directions from a study's row."""
    directions = tuple([StudyDirection[name] for name in _decode(text)])
    if not directions:
        raise InvalidArgument("directions", "at least one direction", text)
    return directions


def dump_directions(directions: Sequence[StudyDirection]) -> str:
    """Directions for a study's row."""
    return dumps([StudyDirection(direction).name for direction in directions])


def decode_trial(row: Row, spaces: Mapping[int, Space], n_objectives: int) -> FrozenTrial:
    """A trial from its `TRIAL_COLUMNS`, without reports.

    Raises:
        ValueError, TypeError, LookupError: If the row is damaged.
    """
    (
        number,
        state,
        attempt,
        layout,
        point,
        means,
        sems,
        constraints,
        user_attrs,
        system_attrs,
        started,
        finished,
        archived,
    ) = row
    if number.__class__ is not int or number < 0 or attempt < 1:
        raise InvalidArgument("number, attempt", "a number from 0, from 1", (number, attempt))
    space = spaces[layout]
    internals = tuple(loads(point))
    if len(internals) != len(space):
        raise InvalidArgument("point", f"{len(space)} values", point)
    for name, distribution, internal in zip(
        space.names, space.distributions, internals, strict=True
    ):
        kind = float if isinstance(distribution, FloatDistribution) else int
        if internal.__class__ is not kind or (
            isinstance(distribution, CategoricalDistribution)
            and not distribution._contains(internal)
        ):
            raise InvalidArgument(name, f"an internal value of {distribution}", internal)
    values = errors = None
    if means is not None:
        values = tuple(_decode(means))
        _check_numbers("means", values, n_objectives)
        if sems is not None:
            errors = tuple(_decode(sems))
            _check_numbers("sems", [0.0 if sem is None else sem for sem in errors], n_objectives)
    trial_state = _STATES[state]
    if trial_state is TrialState.COMPLETE and values is None:
        raise InvalidArgument("means", "values of a COMPLETE trial", means)
    return FrozenTrial.build(
        number,
        trial_state,
        values=values,
        sems=errors,
        space=space,
        point=internals,
        started=_micros(started),
        finished=_micros(finished),
        constraints=None if constraints is None else load_constraints(constraints),
        user_attrs=load_attrs(user_attrs),
        system_attrs=load_attrs(system_attrs),
        attempt=int(attempt),
        archived=bool(archived),
    )


def decode_report(step: int, metrics: str, checkpoint: str | None) -> Report:
    """A report from its row.

    Raises:
        ValueError, TypeError: If the row is damaged.
    """
    return Report(step, loads(metrics), checkpoint)


def _micros(value: Any) -> int | None:
    if value is None or value.__class__ is int:
        return value
    raise InvalidArgument("time", "microseconds or NULL", value)


def _check_numbers(column: str, numbers: Sequence[Any], expected: int) -> None:
    if len(numbers) != expected or not all(
        isinstance(number, (int, float)) and math.isfinite(number) for number in numbers
    ):
        raise InvalidArgument(column, f"{expected} finite numbers", numbers)
