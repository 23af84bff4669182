"""The sweeper's configuration, checked: the keys of both worlds in one record."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Final

from hydra_plugins.trimtab_sweeper.trimtab_sweeper import KEYS
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.integrations.tracking import check_tracking
from trimtab.records import StudyDirection, parse_directions

MAX_TRIALS: Final = 20


@dataclass(frozen=True, slots=True)
class Settings:
    """What a sweep is to do.

    Attributes:
        study_name: None: the job's name.
        storage: A URL; None: a SQLite file named after the study.
        sampler: A name, or a mapping with ``_target_``.
        pruner: The same; None: none.
        directions: One per objective.
        max_trials: Runs in all, earlier ones of the study among them.
        n_jobs: Runs at one time.
        seconds: How long runs may be begun; infinite: without end.
        minimum: Runs of each parameterization.
        maximum: The most of it.
        search_space: Entries by override key, as a mapping or in the override grammar.
        params: The same, in the grammar of Hydra's Optuna sweeper.
        custom_search_space: ``module.function`` of ``(cfg, trial)``.
        constraints: Linear ones, as text.
        metrics: Of a returned dictionary, one per objective; empty: whatever the only ones are.
        seed: Of the sampler and of all runs; None: random.
        seed_key: Override key that gets each run's seed; None: none.
        tracking: Where trials are logged, by name, with arguments; empty: nowhere.
        retries: Failed runs of one parameterization that are made up for.
        max_failure_rate: Share of failed runs above which the sweep ends, 0 to 1.
        figures: Whether figures are drawn at the end.
    """

    study_name: str | None
    storage: str | None
    sampler: str | Mapping[str, Any]
    pruner: str | Mapping[str, Any] | None
    directions: tuple[StudyDirection, ...]
    max_trials: int
    n_jobs: int
    seconds: float
    minimum: int
    maximum: int
    search_space: Mapping[str, Any]
    params: Mapping[str, Any]
    custom_search_space: str | None
    constraints: tuple[str, ...]
    metrics: tuple[str, ...]
    seed: int | None
    seed_key: str | None
    tracking: Mapping[str, Mapping[str, Any]]
    retries: int
    max_failure_rate: float
    figures: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """The settings that ``hydra.sweeper`` holds, as plain values.

        Raises:
            InvalidArgument: If a key is unknown or a value impossible.
            InvalidType: If a value is of another type than it must be.
        """
        known = {**KEYS, "sampler": "tpe"}
        for key in config:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, 1)
                hint = f"`{near[0]}`, perhaps, or another" if near else "one"
                raise InvalidArgument(
                    "hydra.sweeper", f"{hint} of its keys ({', '.join(sorted(known))})", key
                )
        given = {**known, **config}
        directions = parse_directions(given["direction"])
        minimum, maximum = _replicates(given, len(directions))
        rate = _number(given, "max_failure_rate")
        if not 0.0 <= rate <= 1.0:
            raise InvalidArgument("max_failure_rate", "a number from 0 to 1", rate)
        minutes = given["max_duration_minutes"]
        seconds = math.inf if minutes is None else 60.0 * _number(given, "max_duration_minutes")
        if not seconds > 0.0:
            raise InvalidArgument("max_duration_minutes", "a number above 0", minutes)
        metrics = _strings(given, "metric")
        if metrics and len(metrics) != len(directions):
            raise InvalidArgument("metric", f"{len(directions)} names, as `direction`", metrics)
        return cls(
            study_name=_text(given, "study_name"),
            storage=_text(given, "storage"),
            sampler=_named(given, "sampler") or "tpe",
            pruner=_named(given, "pruner"),
            directions=directions,
            max_trials=_total(given),
            n_jobs=_count(given, "n_jobs", 1),
            seconds=seconds,
            minimum=minimum,
            maximum=maximum,
            search_space=_mapping(given, "search_space"),
            params=_mapping(given, "params"),
            custom_search_space=_text(given, "custom_search_space"),
            constraints=_strings(given, "constraints"),
            metrics=metrics,
            seed=_seed(given),
            seed_key=_text(given, "seed_key"),
            tracking=check_tracking(given["tracking"]),
            retries=_count(given, "retries", 0),
            max_failure_rate=rate,
            figures=_switch(given, "figures"),
        )


def _seed(given: Mapping[str, Any]) -> int | None:
    """That of the sweep; else the sampler's, where Hydra's Optuna sweeper has it."""
    sampler = given["sampler"]
    if given["seed"] is None and isinstance(sampler, Mapping) and sampler.get("seed") is not None:
        return _count(sampler, "seed", 0)
    return None if given["seed"] is None else _count(given, "seed", 0)


def _total(given: Mapping[str, Any]) -> int:
    totals = {key: given[key] for key in ("max_trials", "n_trials") if given[key] is not None}
    if len(set(map(str, totals.values()))) > 1:
        raise InvalidArgument("max_trials", "`max_trials` or `n_trials`, not both", totals)
    return _count(given, next(iter(totals)), 1) if totals else MAX_TRIALS


def _replicates(given: Mapping[str, Any], n_objectives: int) -> tuple[int, int]:
    minimum, maximum = given["min_trials_per_param"], given["max_trials_per_param"]
    low = 1 if minimum is None else _count(given, "min_trials_per_param", 1)
    high = low if maximum is None else _count(given, "max_trials_per_param", 1)
    if high < low:
        raise InvalidArgument(
            "max_trials_per_param", f"at least `min_trials_per_param`, {low}", high
        )
    # Racing needs an order of the parameterizations, which several objectives do not give.
    return low, high if n_objectives == 1 else low


def _count(given: Mapping[str, Any], key: str, least: int) -> int:
    value = given[key]
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidType(key, f"an integer of at least {least}", value)
    if value < least:
        raise InvalidArgument(key, f"at least {least}", value)
    return int(value)


def _number(given: Mapping[str, Any], key: str) -> float:
    value = given[key]
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidType(key, "a number", value)
    return float(value)


def _switch(given: Mapping[str, Any], key: str) -> bool:
    value = given[key]
    if not isinstance(value, bool):
        raise InvalidType(key, "true or false", value)
    return value


def _text(given: Mapping[str, Any], key: str) -> str | None:
    value = given[key]
    if value is None or isinstance(value, str):
        return value or None
    raise InvalidType(key, "text", value)


def _strings(given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = given[key]
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Sequence) or not all(isinstance(one, str) for one in value):
        raise InvalidType(key, "text, or a list of it", value)
    return tuple(value)


def _mapping(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = given[key]
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidType(key, "entries by parameter", value)
    return dict(value)


def _named(given: Mapping[str, Any], key: str) -> str | Mapping[str, Any] | None:
    value = given[key]
    if value is None or isinstance(value, (str, Mapping)):
        return value
    raise InvalidType(key, "a name, or a mapping with `_target_`", value)
