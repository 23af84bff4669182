"""Samplers and pruners by name; only Trimtab's own are made."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hydra_plugins.trimtab_sweeper.trimtab_sweeper import SAMPLERS
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.samplers import Sampler
from trimtab.schedulers import Scheduler
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    LinearConstraint,
    grid_value,
)

PRUNERS: Final = {
    "none": "NopPruner",
    "median": "MedianPruner",
    "asha": "SuccessiveHalvingPruner",
    "successive_halving": "SuccessiveHalvingPruner",
    "hyperband": "HyperbandPruner",
}
"""Names of pruners and the classes of `trimtab.pruners` that they stand for; those that need
arguments have none."""

_HOMES: Final = {
    "sampler": re.compile(r"(?:trimtab|optuna)\.samplers\.(\w+)"),
    "pruner": re.compile(r"(?:trimtab|optuna)\.pruners\.(\w+)"),
}
"""A target is read as a name and never imported: one of Optuna's is our class of that name."""


def make_sampler(
    wanted: str | Mapping[str, Any],
    seed: int | None,
    space: Mapping[str, Distribution],
    constraints: Sequence[LinearConstraint] = (),
) -> Sampler:
    """The sampler that the configuration names.

    Args:
        wanted: A name, or a mapping with ``_target_`` and arguments.
        seed: Where the mapping gives none.
        space: What is searched; a grid is made of it.
        constraints: For samplers that know of any.

    Raises:
        InvalidArgument: If it is not one of ours, or takes no such argument.
    """
    from trimtab import samplers

    name, arguments = _read("sampler", wanted, SAMPLERS)
    if name not in SAMPLERS.values():
        raise _unknown("sampler", SAMPLERS, wanted)
    kind = getattr(samplers, name)
    takes = inspect.signature(kind).parameters
    arguments.setdefault("seed", seed)
    if "search_space" in takes and "search_space" not in arguments and name == "GridSampler":
        arguments["search_space"] = {key: _values(key, one) for key, one in space.items()}
    if constraints and "parameter_constraints" in takes:
        arguments["parameter_constraints"] = tuple(constraints)
    made: Sampler = _made("sampler", kind, arguments)
    return made


def make_pruner(wanted: str | Mapping[str, Any] | None) -> Scheduler:
    """The pruner that the configuration names; None: one that never prunes.

    Raises:
        InvalidArgument: If it is not one of ours, or takes no such argument.
    """
    from trimtab import pruners

    name, arguments = _read("pruner", "none" if wanted is None else wanted, PRUNERS)
    if name not in pruners.__all__ or name == "BasePruner":
        raise _unknown("pruner", PRUNERS, wanted)
    made: Scheduler = _made("pruner", getattr(pruners, name), arguments)
    return made


def _read(
    argument: str, wanted: str | Mapping[str, Any], names: Mapping[str, str]
) -> tuple[str, dict[str, Any]]:
    """The class's name, and its arguments."""
    if isinstance(wanted, str):
        if wanted not in names:
            raise _unknown(argument, names, wanted)
        return names[wanted], {}
    arguments = dict(wanted)
    target = arguments.pop("_target_", None)
    match = _HOMES[argument].fullmatch(target) if isinstance(target, str) else None
    if match is None:
        raise _unknown(argument, names, target)
    return match[1], arguments


def _unknown(argument: str, names: Mapping[str, str], got: Any) -> InvalidArgument:
    near = difflib.get_close_matches(got, names, 1) if isinstance(got, str) else []
    hint = f"perhaps {near[0]}, " if near else ""
    return InvalidArgument(
        argument,
        f"{hint}one of {', '.join(names)}, or a mapping whose `_target_` is a class of "
        f"trimtab.{argument}s",
        got,
    )


def _made(argument: str, kind: Any, arguments: Mapping[str, Any]) -> Any:
    takes = inspect.signature(kind).parameters
    for key in arguments:
        if key not in takes:
            raise InvalidArgument(argument, f"arguments of {kind.__name__}: {[*takes]}", key)
    try:
        return kind(**arguments)
    except TypeError as error:
        raise InvalidType(argument, f"arguments of {kind.__name__}", dict(arguments)) from error


def _values(key: str, distribution: Distribution) -> list[Any]:
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    if isinstance(distribution, IntDistribution):
        return list(range(distribution.low, distribution.high + 1, distribution.step))
    if isinstance(distribution, FloatDistribution) and distribution.levels:
        return [grid_value(distribution, index) for index in range(distribution.levels)]
    raise InvalidArgument(
        key, "a finite set of values (`step`), as the sampler is a grid", distribution
    )
