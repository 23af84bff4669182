"""Population based training: bad members go on from good ones, with parameters a little changed.

Jaderberg et al. (2017), "Population Based Training of Neural Networks", algorithm 1. *Exploit* is
truncation selection (section 4.1.1): a member among the worst ``quantile_fraction`` copies one
drawn from the best. *Explore* is in `explore`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType, short_repr
from trimtab.records import History, StudyDirection
from trimtab.records.lineage import CONFIG, LINEAGE
from trimtab.schedulers.base import CONTINUE, STOP, Continue, Decision, Exploit, Pause
from trimtab.schedulers.explore import check_mutations, draw, explore
from trimtab.schedulers.progress import time_of
from trimtab.schedulers.timed import TimedScheduler
from trimtab.space.checks import check_number
from trimtab.space.paths import SEPARATOR, flattened

SCORE: Final = "pbt:score"
"""Of a member when it was last ready to be compared, greater is better; None: it diverged."""
TIME: Final = "pbt:time"
"""When that was, in ``time_attr``."""
LAST: Final = "pbt:last"
"""When the member was last perturbed, or left as it is."""
NEXT: Final = "pbt:next"
"""When all members are compared next."""
PAST: Final = "pbt:past"
"""One entry an exploit: [step, how many the donor had behind it, the config until then]."""


class PopulationBasedTraining(TimedScheduler):
    """Lets the worst members of a population go on from the best.

    Every ``perturbation_interval`` a member is compared with the rest. Asynchronously, each by
    itself with what the others had last; with ``synch``, all at once when every member that lives
    has come so far. Members that ended or failed are no longer waited for. A member whose metric
    is NaN or infinite counts among the worst, and is never a donor; one that fails for good is
    given a donor's state instead.

    A run with a seed repeats itself, with one exception: a mutation that is a function, such as
    ``lambda: random.uniform(0, 1)``, draws from its own source of random numbers, which the seed
    does not reach. ``tune.uniform(0, 1)`` does the same within it.

    Args:
        time_attr: What is counted: ``training_iteration``, ``time_total_s`` or any reported
            metric that grows.
        metric: Which reported metric is compared; None: the run's.
        mode: ``"min"`` or ``"max"``; None: the run's.
        perturbation_interval: In ``time_attr``, above 0.
        burn_in_period: Nothing is compared before.
        hyperparam_mutations: By name, nested as the config is: domains, lists (neighbours are
            tried), or functions that draw a value. Values stay within a domain's bounds and on
            its grid; a list's are its own. A function has no bounds to stay within.
        quantile_fraction: Of the population that is copied, and that copies; 0 to 0.5.
        resample_probability: With which a parameter is drawn anew rather than perturbed.
        perturbation_factors: By one of which a number is multiplied.
        custom_explore_fn: Takes the new config, a copy, and returns the one to be used.
        log_config: Changes nothing: the lineage is always recorded.
        require_attrs: Whether a result without ``time_attr`` or ``metric`` is an error; if not,
            the member goes on.
        synch: Whether all members are compared at one time.

    Raises:
        InvalidArgument: If a number is out of its range, or neither mutations nor a function are
            given.
        InvalidType: If a mutation is of no known kind.
    """

    needs_checkpoints = True
    needs_population = True

    def __init__(
        self,
        time_attr: str = "time_total_s",
        metric: str | None = None,
        mode: Literal["min", "max"] | None = None,
        perturbation_interval: float = 60.0,
        burn_in_period: float = 0.0,
        hyperparam_mutations: Mapping[str, Any] | None = None,
        quantile_fraction: float = 0.25,
        resample_probability: float = 0.25,
        perturbation_factors: tuple[float, float] = (1.2, 0.8),
        custom_explore_fn: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        log_config: bool = True,
        require_attrs: bool = True,
        synch: bool = False,
    ) -> None:
        super().__init__(time_attr, metric, mode)
        del log_config
        if not hyperparam_mutations and custom_explore_fn is None:
            raise InvalidArgument(
                "hyperparam_mutations", "mutations, or a `custom_explore_fn`", hyperparam_mutations
            )
        if not check_number("perturbation_interval", perturbation_interval, 0.0):
            raise InvalidArgument(
                "perturbation_interval", "a number above 0", perturbation_interval
            )
        if not isinstance(perturbation_factors, (tuple, list)) or len(perturbation_factors) != 2:
            raise InvalidType("perturbation_factors", "a pair of numbers", perturbation_factors)
        if custom_explore_fn is not None and not callable(custom_explore_fn):
            raise InvalidType("custom_explore_fn", "a function of the config", custom_explore_fn)
        up, down = perturbation_factors
        self.interval = perturbation_interval
        self.burn_in = check_number("burn_in_period", burn_in_period, 0.0)
        self.mutations = check_mutations("hyperparam_mutations", hyperparam_mutations or {})
        self.quantile_fraction = check_number("quantile_fraction", quantile_fraction, 0.0, 0.5)
        self.resample_probability = check_number(
            "resample_probability", resample_probability, 0.0, 1.0
        )
        self.factors = (
            check_number("perturbation_factors", up, 0.0),
            check_number("perturbation_factors", down, 0.0),
        )
        self.custom_explore_fn = custom_explore_fn
        self.require_attrs = bool(require_attrs)
        self.synch = bool(synch)

    # ------------------------------------------------------------------ deciding

    def next_step(self, history: History, number: int) -> int | None:
        """The step at which the interval is over, where steps tell of it."""
        return self.step_at(history, number, self._due(history, number))

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """`Exploit`, `Pause` or `Continue`."""
        last = self.latest(history, number)
        if last is None:
            if self.require_attrs:
                raise self._missing(history, number)
            return CONTINUE
        now, value = last
        if now < self._due(history, number):
            return CONTINUE
        score = _score(value, direction)
        state = {SCORE: score, TIME: now, **self._measured(history, number, now, score)}
        if self.synch:
            return Pause(state)
        state[LAST] = now
        lower, upper = self.quantiles(history, {number: score})
        if number in lower and upper:
            return self._exploit(history, number, upper, rng, state)
        return Continue(state, yields=True)

    def release(
        self, history: History, direction: StudyDirection, rng: np.random.Generator
    ) -> Mapping[int, Decision]:
        """All that rest; with ``synch`` only when every member has come to where they are."""
        if not self.synch:
            return dict.fromkeys(sorted(history.paused), CONTINUE)
        live = [*history.running, *history.waiting, *history.paused]
        barrier = max((self._barrier(history, number) for number in live), default=0.0)
        times = {
            number: float(history.system_attrs(number).get(TIME, -math.inf))
            for number in sorted(history.paused)
        }
        late = [number for number, time in times.items() if time < barrier]
        if late or len(times) < len(live):
            # A member that came later, or rests for another reason, catches up.
            return dict.fromkeys(late, Continue({NEXT: barrier}))
        following = max(barrier + self.interval, *times.values())
        lower, upper = self.quantiles(history, {})
        decisions: dict[int, Decision] = {}
        for number, time in times.items():
            state = {LAST: time, NEXT: following}
            if number in lower and upper:
                decisions[number] = self._exploit(
                    history, number, upper, rng, state, tuple(decisions.values())
                )
            else:
                decisions[number] = Continue(state)
        return decisions

    def on_failure(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """`Exploit` where there is a good member, else `Stop`.

        Members that were not compared yet count with their last report.
        """
        now: dict[int, float | None] = {}
        for other in (*history.running, *history.paused):
            last = history.last_value(other, self.metric)
            if last is not None and SCORE not in history.system_attrs(other):
                now[other] = _score(last[1], direction)
        _, upper = self.quantiles(history, now | {number: None})
        return self._exploit(history, number, upper, rng, {}) if upper else STOP

    # ------------------------------------------------------------------ the population

    def quantiles(
        self, history: History, now: Mapping[int, float | None]
    ) -> tuple[list[int], list[int]]:
        """The worst and the best members, each in ascending order of score.

        There are k = ceil(n * ``quantile_fraction``) of each among n members that live and were
        compared, at most n // 2; of the worst all that diverged, if these are more.

        Args:
            history: Of the run.
            now: Scores that are not in the history yet.
        """
        scores: dict[int, float | None] = {}
        for number in (*history.running, *history.paused, *history.waiting):
            attrs = history.system_attrs(number)
            if SCORE in attrs:
                scores[number] = attrs[SCORE]
        scores |= now
        diverged = sorted(number for number, score in scores.items() if score is None)
        sound = {number: score for number, score in scores.items() if score is not None}
        ranked = diverged + sorted(sound, key=lambda number: (sound[number], number))
        n = len(ranked)
        k = min(math.ceil(n * self.quantile_fraction), n // 2)
        if k == 0:
            return [], []
        n_lower = max(k, len(diverged))
        return ranked[:n_lower], ranked[max(n - k, n_lower) :]

    def initial(self, config: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Values, by path, of the parameters that mutate and that a config does not have."""
        known = flattened(config)
        new = {name: m for name, m in self.mutations.items() if name not in known}
        for name in new:
            _check_place(name, known)
        return {name: draw(mutation, rng) for name, mutation in new.items()}

    def adapt(self, config: dict[str, Any]) -> dict[str, Any]:
        """What ``custom_explore_fn`` makes of it."""
        if self.custom_explore_fn is None:
            return config
        adapted = self.custom_explore_fn(_copied(config))
        if not isinstance(adapted, dict):
            raise InvalidType("custom_explore_fn", "a dictionary returned by it", adapted)
        return adapted

    def explored(self, config: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """New values, by path, for a member that goes on from one with ``config``."""
        known = flattened(config)
        return {
            name: explore(mutation, known[name], self.resample_probability, self.factors, rng)
            if name in known
            else draw(mutation, rng)
            for name, mutation in self.mutations.items()
        }

    def _measured(
        self, history: History, number: int, now: float, score: float | None
    ) -> dict[str, Any]:
        """What else to keep of a member that is compared."""
        return {}

    def _exploit(
        self,
        history: History,
        number: int,
        upper: list[int],
        rng: np.random.Generator,
        state: dict[str, Any],
        others: tuple[Decision, ...] = (),
    ) -> Exploit:
        """Copy one of ``upper``; ``others`` is what was decided at the same time."""
        donor = upper[int(rng.integers(len(upper)))]
        values = self._new_values(history, donor, others, rng)
        own, donors = history.system_attrs(number), history.system_attrs(donor)
        past = [
            history.last_step(number) or 0,
            len(donors.get(LINEAGE, ())),
            flattened(own.get(CONFIG, {})),
        ]
        state = {**state, PAST: [*own.get(PAST, ()), past]}
        return Exploit(donor, values, state | self._inherited(donors))

    def _inherited(self, donors: Mapping[str, Any]) -> dict[str, Any]:
        """What to keep of a donor's attributes."""
        if self.synch or LAST not in donors:
            return {}
        return {LAST: donors[LAST], TIME: donors[TIME]}

    def _new_values(
        self,
        history: History,
        donor: int,
        others: tuple[Decision, ...],
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """Parameters, by path, for a member that goes on from ``donor``."""
        del others
        return self.explored(history.system_attrs(donor).get(CONFIG, {}), rng)

    def _due(self, history: History, number: int) -> float:
        if self.synch:
            return self._barrier(history, number)
        last = float(history.system_attrs(number).get(LAST, 0.0))
        return max(last + self.interval, self.burn_in)

    def _barrier(self, history: History, number: int) -> float:
        first = max(self.interval, self.burn_in)
        return float(history.system_attrs(number).get(NEXT, first))

    def _missing(self, history: History, number: int) -> InvalidArgument:
        lacks = self.time_attr
        if time_of(history, number, self.time_attr) is not None:
            lacks = self.metric
        last = history.last_step(number)
        metrics = [] if last is None else sorted(history.reports(number)[last].metrics)
        return InvalidArgument(
            "metrics", f"{lacks!r} in every report of trial {number}, to be compared by", metrics
        )


def _check_place(name: str, known: Mapping[str, Any]) -> None:
    """Refuse a parameter within what is no dictionary."""
    above = name.rpartition(SEPARATOR)[0]
    while above:
        if not isinstance(known.get(above, {}), (Mapping, list, tuple)):
            raise InvalidArgument(
                "hyperparam_mutations",
                f"parameters of the config, in which {above!r} is {short_repr(known[above], 40)}",
                name,
            )
        above = above.rpartition(SEPARATOR)[0]


def _score(value: float, direction: StudyDirection) -> float | None:
    if not math.isfinite(value):
        return None
    return value if direction is StudyDirection.MAXIMIZE else -value


def _copied(tree: Any) -> Any:
    """The same dictionaries and lists anew: whoever changes them changes no other member's."""
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    return [_copied(value) for value in tree] if isinstance(tree, list) else tree
