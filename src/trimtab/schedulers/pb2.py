"""Population based bandits: PBT whose new parameters a model proposes.

Parker-Holder, Nguyen and Roberts (2020), "Provably Efficient Online Hyperparameter Optimization
with Population-Based Bandits" (NeurIPS), algorithm 1. The model is in `bandit`.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import History
from trimtab.records.lineage import CONFIG
from trimtab.schedulers.base import Decision, Exploit
from trimtab.schedulers.pbt import SCORE, PopulationBasedTraining
from trimtab.space import (
    CategoricalDistribution,
    FloatDistribution,
    Floats,
    IntDistribution,
    from_unit,
    to_unit,
)
from trimtab.space.domains import Domain, uniform
from trimtab.space.paths import SEPARATOR, flattened

if TYPE_CHECKING:
    from trimtab.schedulers.bandit import Bandit

START: Final = "pb2:start"
"""System attribute: [time, score] at which a member's interval began; None where it diverged."""
DATA: Final = "pb2:data"
"""System attribute: a member's intervals, each [end, score before, change per time, *unit x]."""
_KEPT = 100
"""Intervals kept of a member."""
_NEWEST = 200
"""Intervals that the model is fitted to, all members' together."""


class PB2(PopulationBasedTraining):
    """`PopulationBasedTraining` with a time-varying Gaussian process bandit to explore.

    What a member gained in an interval is modelled as a function of its parameters, of the score
    it began with, and of time. Parameters of a member that copies another are those of the
    greatest upper confidence bound; what the others of the population are about to try lowers
    the bound near it (line 7 of algorithm 1). They always stay within the bounds.

    Args:
        time_attr: As in `PopulationBasedTraining`, like all that are not explained here.
        metric: Which reported metric is compared; None: the run's.
        mode: ``"min"`` or ``"max"``; None: the run's.
        perturbation_interval: In ``time_attr``, above 0.
        hyperparam_bounds: By name, nested as the config is: ``[low, high]``, or a domain of
            numbers, as ``tune.loguniform(1e-5, 1e-1)``, whose scale, grid and kind then count.
            With ``[low, high]`` a parameter that is an integer stays one.
        quantile_fraction: Of the population that is copied, and that copies; 0 to 0.5.
        log_config: Changes nothing: the lineage is always recorded.
        require_attrs: Whether a result without ``time_attr`` or ``metric`` is an error.
        synch: Whether all members are compared at one time.
        custom_explore_fn: Takes the new config, a copy, and returns the one to be used.

    Raises:
        InvalidArgument: If a number is out of its range, or there are no bounds.
        InvalidType: If bounds are of no known kind.
    """

    def __init__(
        self,
        time_attr: str = "time_total_s",
        metric: str | None = None,
        mode: Literal["min", "max"] | None = None,
        perturbation_interval: float = 60.0,
        hyperparam_bounds: Mapping[str, Any] | None = None,
        quantile_fraction: float = 0.25,
        log_config: bool = True,
        require_attrs: bool = True,
        synch: bool = False,
        custom_explore_fn: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        if not hyperparam_bounds:
            raise InvalidArgument("hyperparam_bounds", "bounds of parameters", hyperparam_bounds)
        bounds = _bounds(hyperparam_bounds)
        super().__init__(
            time_attr,
            metric,
            mode,
            perturbation_interval,
            hyperparam_mutations=dict(bounds),
            quantile_fraction=quantile_fraction,
            custom_explore_fn=custom_explore_fn,
            log_config=log_config,
            require_attrs=require_attrs,
            synch=synch,
        )
        self.bounds = bounds
        self._fitted: tuple[bytes, Bandit] | None = None

    def explored(self, config: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Random values, as the model knows nothing yet."""
        return {name: domain.value(domain.draw(rng)) for name, domain in self.bounds.items()}

    def _measured(
        self, history: History, number: int, now: float, score: float | None
    ) -> dict[str, Any]:
        """What the member gained in the interval that is over, and where the next begins."""
        attrs = history.system_attrs(number)
        start, kept = attrs.get(START), list(attrs.get(DATA, ()))
        if score is None:
            return {START: None}
        if start is not None and now > start[0]:
            gain = (score - start[1]) / (now - start[0]) * self.interval
            kept.append([now, start[1], gain, *self._unit(attrs.get(CONFIG, {}))])
        return {START: [now, score], DATA: kept[-_KEPT:]}

    def _inherited(self, donors: Mapping[str, Any]) -> dict[str, Any]:
        """The interval that follows begins with the donor's score."""
        return {**super()._inherited(donors), START: donors.get(START)}

    def _new_values(
        self,
        history: History,
        donor: int,
        others: tuple[Decision, ...],
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        donors = history.system_attrs(donor)
        config = donors.get(CONFIG, {})
        rows = self._rows(history)
        if len(rows) < 2 or donors.get(START) is None:
            return self._typed(config, self.explored(config, rng))
        now, score = donors[START]
        bandit, scale = self._bandit(rows)
        following = now / self.interval + 1.0
        pending = [
            [scale(attrs[SCORE]), *self._unit(attrs[CONFIG])]
            for attrs in self._going_on(history)
            if CONFIG in attrs
        ]
        pending += [
            [scale(score), *self._unit(other.params)]
            for other in others
            if isinstance(other, Exploit)
        ]
        d = len(self.bounds)
        x = bandit.best(
            np.array([scale(score)]), following, np.reshape(pending, (-1, d + 1)), d, rng
        )
        return self._typed(
            config,
            {
                name: domain.value(from_unit(domain.distribution, unit))
                for (name, domain), unit in zip(self.bounds.items(), x.tolist(), strict=True)
            },
        )

    def _going_on(self, history: History) -> list[Mapping[str, Any]]:
        """The attributes of members that keep their parameters for now."""
        lower, _ = self.quantiles(history, {})
        live = (history.system_attrs(n) for n in (*history.running, *history.paused))
        replaced = {id(history.system_attrs(number)) for number in lower}
        return [a for a in live if a.get(SCORE) is not None and id(a) not in replaced]

    def _rows(self, history: History) -> Floats:
        """Shape (n, 3 + d): the newest intervals of all members, ended ones among them."""
        found = [
            row
            for number in sorted(history.with_system_attrs())
            for row in history.system_attrs(number).get(DATA, ())
        ]
        found.sort(key=lambda row: row[0])  # stable: of equals by number
        return np.reshape(np.array(found[-_NEWEST:], dtype=np.float64), (-1, 3 + len(self.bounds)))

    def _bandit(self, rows: Floats) -> tuple[Bandit, Callable[[float], float]]:
        """The model of some intervals, fitted once; and how scores stand in its contexts."""
        low, high = float(rows[:, 1].min()), float(rows[:, 1].max())
        width = high - low or 1.0
        key = rows.tobytes()
        if self._fitted is None or self._fitted[0] != key:
            from trimtab.schedulers.bandit import Bandit  # SciPy is slow to import

            z = np.hstack([(rows[:, 1:2] - low) / width, rows[:, 3:]])
            self._fitted = key, Bandit(z, rows[:, 0] / self.interval, rows[:, 2])
        return self._fitted[1], lambda score: (score - low) / width

    def _unit(self, config: Mapping[str, Any]) -> list[float]:
        """A config's parameters in the unit cube; the middle for what is no number."""
        known = flattened(config)
        unit = []
        for name, domain in self.bounds.items():
            value = known.get(name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                unit.append(0.5)
            else:
                unit.append(to_unit(domain.distribution, domain.internal(value)))
        return unit

    def _typed(self, config: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """Integers where the donor has integers and the bounds leave it open."""
        known = flattened(config)
        for name, value in values.items():
            distribution = self.bounds[name].distribution
            before = known.get(name)
            if isinstance(before, bool) or not isinstance(before, numbers.Integral):
                continue
            if isinstance(distribution, FloatDistribution) and distribution.step is None:
                low, high = math.ceil(distribution.low), math.floor(distribution.high)
                if low <= high:
                    values[name] = min(max(round(value), low), high)
        return values


def _bounds(given: Any, path: str = "") -> dict[str, Domain]:
    """Domains of numbers by the paths of their parameters."""
    argument = "hyperparam_bounds"
    if not isinstance(given, Mapping):
        raise InvalidType(argument, "a dictionary of [low, high] or domains", given)
    found: dict[str, Domain] = {}
    for key, bounds in given.items():
        name = f"{path}{SEPARATOR}{key}" if path else str(key)
        if isinstance(bounds, Mapping):
            found |= _bounds(bounds, name)
            continue
        if isinstance(bounds, (FloatDistribution, IntDistribution)):
            bounds = Domain(bounds)
        if isinstance(bounds, Domain):
            if isinstance(bounds.distribution, CategoricalDistribution):
                raise InvalidType(argument, f"a domain of numbers for {name!r}", bounds)
            found[name] = bounds
        elif isinstance(bounds, Sequence) and not isinstance(bounds, str) and len(bounds) == 2:
            found[name] = uniform(*bounds)
        else:
            raise InvalidType(argument, f"[low, high] or a domain for {name!r}", bounds)
    return found
