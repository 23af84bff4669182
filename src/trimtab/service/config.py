"""An experiment from dictionaries and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.experiment import (
    ChoiceParameter,
    FixedParameter,
    Generation,
    MultiObjective,
    Objective,
    OptimizationConfig,
    OutcomeConstraint,
    ParameterType,
    RangeParameter,
)
from trimtab.experiment.parameters import Parameter

DEFAULT_OBJECTIVE: Final = "objective"

_TYPES: Final = {kind.value.__name__: kind for kind in ParameterType}
_KEYS: Final = {
    "range": {"bounds", "log_scale", "digits"},
    "choice": {"values", "is_ordered", "sort_values", "dependents"},
    "fixed": {"value"},
}


@dataclass(frozen=True)
class ObjectiveProperties:
    """How a metric is an objective.

    Attributes:
        minimize: Whether small is good.
        threshold: A value that is not worth having anything worse than.
    """

    minimize: bool
    threshold: float | None = None


def parse_parameter(given: Any) -> Parameter:
    """A parameter from a dictionary such as ``{"name": "x", "type": "range", "bounds": [0, 1]}``.

    Raises:
        InvalidType: If it is neither a dictionary nor a parameter.
        InvalidArgument: If a key is unknown or missing, or a value is impossible.
    """
    if isinstance(given, (RangeParameter, ChoiceParameter, FixedParameter)):
        return given
    if not isinstance(given, Mapping):
        raise InvalidType("parameters", "a dictionary for each parameter", given)
    if "name" not in given:
        raise InvalidArgument("parameters", "a `name` in each parameter", dict(given))
    name, kind = given["name"], given.get("type")
    if kind not in _KEYS:
        raise InvalidArgument(f"{name}.type", f"one of {sorted(_KEYS)}", kind)
    known = {"name", "type", "value_type"} | _KEYS[kind]
    if unknown := sorted(key for key in given if key not in known):
        raise InvalidArgument(f"parameter {name}", f"the keys {sorted(known)}", unknown)
    if kind == "range":
        bounds = _needed(given, "bounds")
        if not isinstance(bounds, Sequence) or len(bounds) != 2:
            raise InvalidArgument(f"{name}.bounds", "a lower and an upper bound", bounds)
        value_type = _value_type(given, bounds)
        log, digits = given.get("log_scale", False), given.get("digits")
        return RangeParameter(name, value_type, bounds[0], bounds[1], bool(log), digits)
    if kind == "choice":
        values = _needed(given, "values")
        if not isinstance(values, Sequence) or isinstance(values, str) or not len(values):
            raise InvalidArgument(f"{name}.values", "a list of values", values)
        value_type = _value_type(given, values)
        if given.get("sort_values"):
            values = sorted(values)
        if len(values) == 1:
            return FixedParameter(name, value_type, values[0])
        return ChoiceParameter(
            name, value_type, values, given.get("is_ordered"), given.get("dependents")
        )
    value = _needed(given, "value")
    return FixedParameter(name, _value_type(given, [value]), value)


def _needed(given: Mapping[str, Any], key: str) -> Any:
    if key not in given:
        raise InvalidArgument(
            f"parameter {given['name']}", f"a {given['type']} parameter with `{key}`", dict(given)
        )
    return given[key]


def _value_type(given: Mapping[str, Any], values: Sequence[Any]) -> ParameterType:
    told = given.get("value_type")
    if told is not None:
        if told not in _TYPES:
            raise InvalidArgument(f"{given['name']}.value_type", f"one of {sorted(_TYPES)}", told)
        return _TYPES[told]
    kinds = {ParameterType.of(value) for value in values}
    if kinds == {ParameterType.INT, ParameterType.FLOAT}:
        return ParameterType.FLOAT
    if len(kinds) != 1:
        raise InvalidArgument(f"{given['name']}", "values of one type", list(values))
    return kinds.pop()


def parse_objectives(
    objectives: Any, objective_name: str | None, minimize: bool | None
) -> Objective | MultiObjective:
    """One objective or several, from either way of saying so.

    Raises:
        InvalidType: If ``objectives`` is no mapping of names to `ObjectiveProperties`.
        InvalidArgument: If both ways are used, or there is none.
    """
    if objectives is None:
        return Objective(objective_name or DEFAULT_OBJECTIVE, bool(minimize))
    if objective_name is not None or minimize is not None:
        raise InvalidArgument(
            "objectives", "`objectives`, or `objective_name` and `minimize`, not both", objectives
        )
    if not isinstance(objectives, Mapping) or not all(
        isinstance(properties, ObjectiveProperties) for properties in objectives.values()
    ):
        raise InvalidType("objectives", "ObjectiveProperties by metric name", objectives)
    if not objectives:
        raise InvalidArgument("objectives", "at least one objective", objectives)
    parsed = [
        Objective(name, properties.minimize, properties.threshold)
        for name, properties in objectives.items()
    ]
    return parsed[0] if len(parsed) == 1 else MultiObjective(parsed)


def optimization_config(
    objective: Objective | MultiObjective, outcome_constraints: Sequence[str] | None
) -> OptimizationConfig:
    """What to improve, and what must hold."""
    if isinstance(outcome_constraints, str):
        raise InvalidType("outcome_constraints", "a list of constraints", outcome_constraints)
    constraints: list[OutcomeConstraint | str] = list(outcome_constraints or ())
    return OptimizationConfig(objective, constraints)


def parse_generation(options: Mapping[str, Any] | None) -> Generation:
    """How arms are proposed, from the options of Ax's ``choose_generation_strategy``.

    Raises:
        InvalidArgument: If there is an option that is not known here.
    """
    given = dict(options or {})
    n_initial = given.pop("num_initialization_trials", None)
    method = "sobol" if given.pop("force_random_search", False) else "auto"
    if given:
        raise InvalidArgument(
            "choose_generation_strategy_kwargs",
            "the options 'num_initialization_trials' and 'force_random_search'",
            sorted(given),
        )
    return Generation(method, n_initial)
