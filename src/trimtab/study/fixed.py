"""A trial whose parameters are given: for running an objective outside a study."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from trimtab.errors import InvalidArgument, warn
from trimtab.records import TrialUpdate
from trimtab.space import Distribution
from trimtab.study.handle import BaseTrial


class FixedTrial(BaseTrial):
    """Suggests the values it was made with.

    Args:
        params: Value by parameter name.
        number: What ``trial.number`` is to be.
    """

    def __init__(self, params: Mapping[str, Any], number: int = 0) -> None:
        self._given = dict(params)
        self._distributions: dict[str, Distribution] = {}
        self._params: dict[str, Any] = {}
        self._user_attrs: dict[str, Any] = {}
        self._constraints: dict[str, float] = {}
        self.number = number
        self.datetime_start = datetime.datetime.now().astimezone().replace(tzinfo=None)

    def _suggest(self, name: str, distribution: Distribution) -> Any:
        if name not in self._given:
            raise InvalidArgument("name", f"one of the given {sorted(self._given)}", name)
        value = self._given[name]
        internal = distribution.to_internal_repr(value)
        if not distribution._contains(internal):
            warn(
                f"The value {value!r} of `{name}` is out of the range of {distribution}.",
                UserWarning,
            )
        self._distributions[name] = distribution
        self._params[name] = value
        return value

    def report(self, value: float, step: int) -> None:
        """Nothing: there is no study to keep it."""

    def should_prune(self) -> bool:
        """False."""
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep an attribute with this object."""
        self._user_attrs[key] = value

    def set_constraint(self, key: str, value: float) -> None:
        """Keep a constraint value; at most 0 is feasible. The first one stays.

        Raises:
            InvalidType: If the value is not a number.
            InvalidArgument: If it is NaN.
        """
        update = TrialUpdate(constraints={key: value})
        if key in self._constraints:
            warn(f"The constraint {key!r} is set already; the new value is ignored.", UserWarning)
            return
        self._constraints[key] = float(update.constraints[key])

    @property
    def params(self) -> dict[str, Any]:
        """The parameters suggested so far."""
        return dict(self._params)

    @property
    def distributions(self) -> dict[str, Distribution]:
        """Their distributions."""
        return dict(self._distributions)

    @property
    def user_attrs(self) -> dict[str, Any]:
        """The attributes set so far."""
        return dict(self._user_attrs)

    @property
    def system_attrs(self) -> dict[str, Any]:
        """Empty."""
        return {}

    @property
    def constraints(self) -> dict[str, float]:
        """The constraint values set so far."""
        return dict(self._constraints)
