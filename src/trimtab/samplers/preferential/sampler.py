"""Points for people to compare, by a Gaussian process on their judgements."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.records import History, TrialState
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.preferential.judgement import Judgement, read_judgements, standing
from trimtab.samplers.qmc import QMCSampler
from trimtab.space import Distribution, Floats, Internal, Space

if TYPE_CHECKING:
    from trimtab.samplers.preferential.features import Encoder
    from trimtab.samplers.preferential.fit import Fit
    from trimtab.samplers.preferential.model import Comparisons

FIT: Final = "preferential:fit"
"""Where a trial keeps the hyperparameters by which it was chosen: the next fit begins there."""

_MOST_RIVALS = 16
_MOST_TRIALS = 160  # in the model; what is older is thinned
_STALE = 0.02  # of the judgements: so many new ones ask for a new fit


class PreferentialSampler(Sampler):
    """Proposes what is likely to be preferred to what is being compared now.

    A Gaussian process on pairwise comparisons (see `trimtab.samplers.preferential.model`) is
    fitted to the judgements that the history holds, and the next point is the one of largest
    expected improvement over those that await a judgement, those still being made among them.
    Below ``n_startup_trials`` trials, and before the first judgement, points are those of a
    scrambled Sobol' sequence.

    The time of an ask is bounded: beyond some 160 judged trials, the model keeps those that are
    still being compared, the latest, and an even selection of the older ones.

    Args:
        seed: Of all its draws; None for fresh entropy.
        n_startup_trials: How many trials are drawn before the model chooses, at least 1.
        independent_sampler: Draws the first trials and parameters that were not foreseen; None:
            the Sobol' sequence.

    Raises:
        InvalidArgument: If ``n_startup_trials`` is below 1.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        n_startup_trials: int = 8,
        independent_sampler: Sampler | None = None,
    ) -> None:
        super().__init__(seed)
        if n_startup_trials < 1:
            raise InvalidArgument("n_startup_trials", "at least 1", n_startup_trials)
        self._n_startup = n_startup_trials
        self._start = independent_sampler or QMCSampler(
            scramble=True, seed=seed, warn_asynchronous_seeding=False
        )

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The point of largest expected improvement, or one of the sequence."""
        if not len(space) or number < self._n_startup:
            return self._start.propose(history, space, number, rng)
        view = _View(history, space, number)
        if not len(view.pairs):
            return self._start.propose(history, space, number, rng)
        return view.proposal(rng)

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """A draw: what was not foreseen has no comparisons yet."""
        return self._start.propose_one(history, space, number, rng, given)

    def utilities(self, history: History) -> dict[int, float]:
        """How much each trial is liked: the model's mean, by number; empty without judgements.

        In units of the judge's noise, around 0; a pure function of the history.
        """
        return {number: mean for number, (mean, _) in self.beliefs(history).items()}

    def beliefs(self, history: History) -> dict[int, tuple[float, float]]:
        """The model's mean and standard deviation of each trial's utility; see `utilities`."""
        space = history.space
        if not len(space):
            return {}
        view = _View(history, space, len(history))
        return view.beliefs() if len(view.pairs) else {}

    def reseed_rng(self) -> None:
        """Draw new seeds from the system's entropy."""
        super().reseed_rng()
        self._start.reseed_rng()


class _View:
    """What one proposal is made from.

    Args:
        history: The study's.
        space: The columns.
        number: Of the trial to be proposed; it is no rival of itself.
    """

    def __init__(self, history: History, space: Space, number: int) -> None:
        self._history = history
        self._space = space
        judgements = standing(read_judgements(history))
        self._n_judgements = len(judgements)
        retired = {loser for judgement in judgements for loser in judgement.retired}
        there = history.usable(
            TrialState.RUNNING, TrialState.PAUSED, TrialState.COMPLETE, TrialState.PRUNED
        )
        numbers = set(there.tolist()) - {number}
        open_ = history.usable(TrialState.RUNNING, TrialState.PAUSED, TrialState.COMPLETE)
        self._rivals = [n for n in open_.tolist() if n in numbers and n not in retired]
        self._kept = _kept(judgements, numbers)
        self.pairs = np.array(
            [pair for j in self._kept for pair in j.pairs if numbers.issuperset(pair)],
            dtype=np.int64,
        ).reshape(-1, 2)

    def proposal(self, rng: np.random.Generator) -> Proposal:
        """The best point found, and the fit by which it was chosen."""
        from trimtab.samplers.preferential.acquisition import Improvement, search
        from trimtab.samplers.preferential.features import Encoder
        from trimtab.samplers.preferential.model import Posterior

        units = self._history.unit(self._space)
        seen = units[self._history.usable(*TrialState)]
        encoder = Encoder(self._space, seen)
        judged = np.unique(self.pairs)
        fitted, kept = self._fit(self._comparisons(encoder, judged, units))
        rivals = np.array(self._rivals[-_MOST_RIVALS:], dtype=np.int64)
        points = np.union1d(judged, rivals)
        data = self._comparisons(encoder, points, units)
        posterior = Posterior(data, fitted.kernel(data))
        # The best of all is a rival, too: it may be what was set aside, or beaten by a slip.
        best = np.argsort(-posterior.utility, kind="stable")
        improvement = Improvement(
            posterior, np.union1d(np.searchsorted(points, rivals), best[:1]), rng
        )
        good = units[points[best[:5]]]
        good = np.where(np.isnan(good), rng.random(good.shape), good)
        ranked = search(improvement, encoder, encoder.snapped(good), rng)
        return Proposal(_first_new(self._space, ranked, seen), {FIT: kept})

    def beliefs(self) -> dict[int, tuple[float, float]]:
        """Mean and standard deviation of the utility by trial number."""
        from trimtab.samplers.preferential.features import Encoder
        from trimtab.samplers.preferential.model import Posterior

        judged = np.unique(self.pairs)
        units = self._history.unit(self._space)
        rows = self._history.usable(*TrialState)
        encoder = Encoder(self._space, units[rows])
        data = self._comparisons(encoder, judged, units)
        posterior = Posterior(data, self._fit(data)[0].kernel(data))
        mean, variance = posterior.predict(encoder.features(units[rows]))
        believed = zip(mean.tolist(), np.sqrt(variance).tolist(), strict=True)
        return dict(zip(rows.tolist(), believed, strict=True))

    def _comparisons(
        self, encoder: Encoder, judged: NDArray[np.int64], units: Floats
    ) -> Comparisons:
        from trimtab.samplers.preferential.model import Comparisons

        rows = np.searchsorted(judged, self.pairs)
        return Comparisons(encoder.features(units[judged]), encoder.group, rows[:, 0], rows[:, 1])

    def _fit(self, data: Comparisons) -> tuple[Fit, Mapping[str, Any]]:
        """Hyperparameters, and what a trial keeps of them.

        They are the latest trial's, or a fit to these comparisons that goes on from there: one
        judgement more among many changes them little.
        """
        from trimtab.samplers.preferential.fit import Fit, fit

        earlier = self._earlier()
        judged, n = self._fingerprint(), self._n_judgements
        start: Floats | None = None
        if earlier is not None:
            start = np.array(earlier["theta"], dtype=np.float64)
            n_new = abs(n - earlier.get("judgements", 0))
            if earlier["of"] == judged or 0 < n_new <= _STALE * n:
                return Fit(start), earlier
        fitted = fit(data, start)
        kept = {
            "of": judged,
            "judgements": n,
            "names": list(self._space),
            "theta": fitted.theta.tolist(),
        }
        return fitted, kept

    def _earlier(self) -> Mapping[str, Any] | None:
        for number in reversed(range(len(self._history))):
            state = self._history.system_attrs(number).get(FIT)
            if state is not None and state["names"] == list(self._space):
                return dict(state)
        return None

    def _fingerprint(self) -> str:
        return hashlib.blake2b(self.pairs.tobytes(), digest_size=8).hexdigest()


def _kept(judgements: Sequence[Judgement], numbers: set[int]) -> list[Judgement]:
    """The judgements to learn from: of at most `_MOST_TRIALS` trials.

    Half of the room goes to the latest; the rest to older ones, evenly spread over time.
    """
    useful = [j for j in judgements if any(numbers.issuperset(pair) for pair in j.pairs)]
    trials: set[int] = set()
    first = len(useful)
    while first and len(trials.union(useful[first - 1].candidates)) <= _MOST_TRIALS // 2:
        first -= 1
        trials.update(useful[first].candidates)
    if first == len(useful) and useful:  # one judgement of very many trials
        return useful[-1:]
    # Halving steps: every prefix of this order is spread evenly.
    order: list[int] = []
    step = 1 << max(first - 1, 0).bit_length()
    met: set[int] = set()
    while step and first:
        fresh = [i for i in range(0, first, step) if i not in met]
        order.extend(fresh)
        met.update(fresh)
        step //= 2
    chosen = list(range(first, len(useful)))
    for i in order:
        if len(trials.union(useful[i].candidates)) > _MOST_TRIALS:
            break
        trials.update(useful[i].candidates)
        chosen.append(i)
    return [useful[i] for i in sorted(chosen)]


def _first_new(space: Space, ranked: Floats, seen: Floats) -> Floats:
    """The first of some points that no trial has, or the first where all were tried."""
    known = {row.tobytes() for row in seen}
    new = (
        point
        for point in ranked
        if space.encode(space.decode(point.tolist())).tobytes() not in known
    )
    out: Floats = next(new, ranked[0])
    return out
