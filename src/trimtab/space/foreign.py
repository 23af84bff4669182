"""Distributions in the form in which Optuna writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space.distributions import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
)

_KINDS: dict[str, Callable[[Mapping[str, Any]], Distribution]] = {
    "FloatDistribution": lambda a: FloatDistribution(
        a["low"], a["high"], a.get("log", False), a.get("step")
    ),
    "IntDistribution": lambda a: IntDistribution(
        a["low"], a["high"], a.get("log", False), a.get("step", 1)
    ),
    "CategoricalDistribution": lambda a: CategoricalDistribution(tuple(a["choices"])),
    # Until version 3.0:
    "UniformDistribution": lambda a: FloatDistribution(a["low"], a["high"]),
    "LogUniformDistribution": lambda a: FloatDistribution(a["low"], a["high"], log=True),
    "DiscreteUniformDistribution": lambda a: FloatDistribution(a["low"], a["high"], step=a["q"]),
    "IntUniformDistribution": lambda a: IntDistribution(a["low"], a["high"], step=a["step"]),
    "IntLogUniformDistribution": lambda a: IntDistribution(a["low"], a["high"], log=True),
}


def to_optuna(distribution: Distribution) -> dict[str, Any]:
    """A distribution as plain values: the ``name`` of its class and its ``attributes``."""
    if isinstance(distribution, CategoricalDistribution):
        attributes: dict[str, Any] = {"choices": list(distribution.choices)}
    else:
        attributes = {
            "low": distribution.low,
            "high": distribution.high,
            "log": distribution.log,
            "step": distribution.step,
        }
    return {"name": type(distribution).__name__, "attributes": attributes}


def from_optuna(data: Any) -> Distribution:
    """The distribution that `to_optuna`, or Optuna of any version, wrote.

    Raises:
        ValueError: If it is none.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("attributes"), Mapping):
        raise InvalidArgument("distribution", "an object with `name` and `attributes`", data)
    name, attributes = data.get("name"), data["attributes"]
    if name not in _KINDS:
        raise InvalidArgument("name", f"one of {', '.join(list(_KINDS)[:3])}", name)
    try:
        return _KINDS[name](attributes)
    except KeyError as error:
        raise InvalidArgument("attributes", f"{error} among them", dict(attributes)) from error
    except InvalidType as error:
        raise InvalidArgument(error.argument, error.expected, error.got) from error
    except TypeError as error:
        raise InvalidArgument("attributes", f"those of a {name}", dict(attributes)) from error
