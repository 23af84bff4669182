"""Distributions, under the module name that scripts for Optuna use."""

import json

from trimtab.space import (
    CategoricalDistribution,
    Choice,
    Distribution,
    FloatDistribution,
    IntDistribution,
    check_compatible,
    from_optuna,
    to_optuna,
)

BaseDistribution = Distribution
CategoricalChoiceType = Choice


def distribution_to_json(dist: Distribution) -> str:
    """A distribution as JSON text, in the form that Optuna reads and writes."""
    return json.dumps(to_optuna(dist))


def json_to_distribution(json_str: str) -> Distribution:
    """The distribution that `distribution_to_json`, or Optuna's function of that name, wrote.

    Raises:
        ValueError: If the text is no distribution.
    """
    return from_optuna(json.loads(json_str))


def check_distribution_compatibility(dist_old: Distribution, dist_new: Distribution) -> None:
    """Refuse a change of kind, scale or choices.

    Raises:
        IncompatibleDistribution: On such a change (a ValueError).
    """
    check_compatible("parameter", dist_old, dist_new)


__all__ = [
    "BaseDistribution",
    "CategoricalChoiceType",
    "CategoricalDistribution",
    "FloatDistribution",
    "IntDistribution",
    "check_distribution_compatibility",
    "distribution_to_json",
    "json_to_distribution",
]
