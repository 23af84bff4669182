"""The processes of one study: one for every objective and every constraint.

Hyperparameters are fitted to the first n' of the n observations, n' growing in steps of about a
sixteenth; what came since is conditioned on. So the cost of most proposals is that of a few rows of
a Cholesky factor, and a study that is resumed fits to the same trials as one that never stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from trimtab.samplers.gp.arms import grouped, pooled
from trimtab.samplers.gp.fit import Hyperparameters, Sample, fit
from trimtab.samplers.gp.kernel import Encoding, Kernel
from trimtab.samplers.gp.model import Posterior
from trimtab.samplers.gp.observations import Indices, Observations
from trimtab.samplers.gp.outputs import Bilog, Standardization
from trimtab.space import Floats, Space

_FITTED_ARMS = 256
"""Hyperparameters are fitted to so many arms at most, half of them the best ones."""
_MODEL_ARMS = 1024
"""The process is conditioned on so many arms at most, chosen likewise."""
_MOST_SINCE = 256
_STRIDE = 16


def fitted_rows(n: int) -> int:
    """n' for n observations: the largest member that is at most n of the sequence that begins with
    1 and in which s is followed by s + max(1, s // 16).
    """
    s = min(n, 1)
    while (following := s + max(1, s // _STRIDE)) <= n:
        s = following
    return min(s, n)


T = TypeVar("T", Standardization, Bilog)


@dataclass(frozen=True)
class Output(Generic[T]):
    """One metric's process.

    Attributes:
        transform: From losses (constraint values) to what the process sees.
        hyperparameters: Fitted.
        posterior: Conditioned on the observations.
        deterministic: Whether there is no noise to speak of.
        rows: For every row of the posterior the first observation of its arm.
    """

    transform: T
    hyperparameters: Hyperparameters
    posterior: Posterior
    deterministic: bool
    rows: Indices


_QUIET = 1e-4
"""Noise variance, of outputs of variance 1, below which a study is as good as noiseless."""


def fit_output(
    encoding: Encoding,
    kernel: Kernel,
    features: Floats,
    groups: Indices,
    y: Floats,
    variance: Floats,
    transform: T,
) -> Output[T]:
    """Fit one process to n transformed values and their variances (NaN where unknown)."""
    sample = thinned(pooled(features, groups, y, variance), _MODEL_ARMS)
    found = fit(encoding, kernel, thinned(sample, _FITTED_ARMS))
    noise = sample.noise(found.noise)
    scales = 1.0 / found.lengths[encoding.group]
    posterior = Posterior.of(kernel, scales, found.mean, sample.features, noise, sample.y)
    return Output(transform, found, posterior, bool(noise.max() <= _QUIET), sample.first)


def thinned(sample: Sample, most: int) -> Sample:
    """At most so many arms.

    Half of them are the best there are, the others evenly spread over the order of measurement.
    """
    n = len(sample.y)
    if n <= most:
        return sample
    order = np.argsort(sample.y, kind="stable")
    best, others = order[: most // 2], np.sort(order[most // 2 :])
    more = others[np.linspace(0, len(others) - 1, most - len(best)).astype(np.int64)]
    return sample.rows(np.sort(np.concatenate([best, more])))


_DISTRUST = 0.1
"""Noise variance of what is only assumed of a trial."""


class Surrogate:
    """The processes of the first n' observations.

    Args:
        space: d columns.
        seen: All n observations; only the first n' are fitted to.
        kernel: Of all processes.
        ordered: See `Encoding`.
        noiseless: Whether measurements without a standard error are taken as exact.
        capped: Whether outliers among the losses are cut off, which is good for proposals and bad
            for pictures.

    Attributes:
        n: n'.
        encoding: Of the columns.
        objectives: One process for each.
        constraints: One for each constraint that was told at least twice; with its column.
        failure: That of the trials that failed (1) among the complete ones (-1): so it is learnt
            whether trials fail by chance or by their parameters.
    """

    def __init__(
        self,
        space: Space,
        seen: Observations,
        kernel: Kernel,
        ordered: frozenset[str],
        noiseless: bool,
        capped: bool = True,
    ) -> None:
        n = self.n = fitted_rows(len(seen))
        points = seen.points[:n]
        self.encoding = Encoding(space, ordered, np.asarray(np.isnan(points).any(axis=0)))
        self._noiseless = noiseless
        features = self.encoding.features(points)
        groups = grouped(points)
        self.objectives: list[Output[Standardization]] = []
        for j in range(seen.losses.shape[1]):
            transform = Standardization.of(seen.losses[:n, j], capped)
            y = transform.forward(seen.losses[:n, j])
            variance = self._variance(seen.losses[:n, j], seen.sems[:n, j], transform)
            self.objectives.append(
                fit_output(self.encoding, kernel, features, groups, y, variance, transform)
            )
        self.constraints: list[tuple[int, Output[Bilog]]] = []
        for j in range(seen.constraints.shape[1]):
            values = seen.constraints[:n, j]
            told = np.nonzero(np.isfinite(values))[0]
            if len(told) < 2:
                continue
            bilog = Bilog.of(values[told])
            y = bilog.forward(values[told])
            unknown = np.full(len(told), 0.0 if noiseless else np.nan)
            output = fit_output(
                self.encoding, kernel, features[told], groups[told], y, unknown, bilog
            )
            self.constraints.append((j, output))
        self._failed = fitted_rows(len(seen.failed))
        self.failure: Output[Bilog] | None = None
        if self._failed:
            failed = seen.failed[: self._failed]
            both = np.concatenate([points, failed])
            labels = np.repeat([-1.0, 1.0], [n, len(failed)])
            self.failure = fit_output(
                self.encoding,
                kernel,
                self.encoding.features(both),
                grouped(both),
                labels,
                np.full(len(labels), np.nan),
                Bilog(1.0, 1.0),
            )

    def _variance(self, losses: Floats, sems: Floats, transform: Standardization) -> Floats:
        variance = transform.variance(losses, sems)
        return np.where(np.isnan(variance), 0.0, variance) if self._noiseless else variance

    def objective_posterior(self, j: int, seen: Observations) -> Posterior:
        """Objective j's process, conditioned also on trials that were pruned.

        They are taken to be no better than the model thinks, than three quarters of the others, or
        than they last reported, and are not trusted much.
        """
        model = self.observed_posterior(j, seen)
        if not len(seen.pruned):
            return model
        transform = self.objectives[j].transform
        features = self.encoding.features(seen.pruned)
        usual = float(np.quantile(transform.forward(seen.losses[:, j]), 0.75))
        y = np.maximum(model.predict(features)[0][:, 0], usual)
        y = np.fmax(y, transform.forward(seen.partial))
        return model.observing(features, np.full(len(y), _DISTRUST), y)

    def since(self, seen: Observations) -> Indices:
        """Which of the observations came after the fit and are conditioned on.

        Of very many the best ones and the latest.
        """
        rows = np.arange(self.n, len(seen))
        if len(rows) <= _MOST_SINCE:
            return rows
        old, late = rows[: -_MOST_SINCE // 2], rows[-_MOST_SINCE // 2 :]
        best = np.argsort(seen.losses[old, 0], kind="stable")[: _MOST_SINCE // 2]
        return np.concatenate([np.sort(old[best]), late])

    def observed_posterior(self, j: int, seen: Observations) -> Posterior:
        """Objective j's process, conditioned on all observations."""
        output, rows = self.objectives[j], self.since(seen)
        losses, sems = seen.losses[rows, j], seen.sems[rows, j]
        variance = self._variance(losses, sems, output.transform)
        noise = np.where(np.isnan(variance), output.hyperparameters.noise, variance)
        features = self.encoding.features(seen.points[rows])
        return output.posterior.observing(features, noise, output.transform.forward(losses))

    def ordered_posterior(self, j: int, seen: Observations) -> Posterior:
        """The same with a row for each observation, in their order, however many there are."""
        output = self.objectives[j]
        variance = self._variance(seen.losses[:, j], seen.sems[:, j], output.transform)
        noise = np.where(np.isnan(variance), output.hyperparameters.noise, variance)
        prior = output.posterior
        features = self.encoding.features(seen.points)
        y = output.transform.forward(seen.losses[:, j])
        return Posterior.of(prior.kernel, prior.scales, prior.mean, features, noise, y)

    def constraint_posterior(self, k: int, seen: Observations) -> Posterior:
        """The k-th constraint's process, likewise."""
        column, output = self.constraints[k]
        rows = self.since(seen)
        rows = rows[np.isfinite(seen.constraints[rows, column])]
        features = self.encoding.features(seen.points[rows])
        noise = np.full(len(rows), output.hyperparameters.noise)
        y = output.transform.forward(seen.constraints[rows, column])
        return output.posterior.observing(features, noise, y)

    def failure_posterior(self, seen: Observations) -> Posterior | None:
        """The failures' process; None where no trial failed."""
        if self.failure is None:
            return None
        complete, failed = self.since(seen), seen.failed[self._failed :][-_MOST_SINCE:]
        since = np.concatenate([seen.points[complete], failed])
        labels = np.repeat([-1.0, 1.0], [len(complete), len(failed)])
        noise = np.full(len(labels), self.failure.hyperparameters.noise)
        return self.failure.posterior.observing(self.encoding.features(since), noise, labels)
