"""Any model and acquisition function of BoTorch (extra ``botorch``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import FrozenTrial, History
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.gp.grid import Grid
from trimtab.samplers.gp.kernel import Encoding
from trimtab.samplers.gp.observations import Observations, pending_points
from trimtab.samplers.qmc import QMCSampler
from trimtab.space import Floats, Space

_MOST_PENDING = 64

MakeModel = Callable[[Any, Any, Any], Any]
"""Points (n, f), outputs (n, m + c) and their variances or None -> a fitted model."""

MakeAcquisition = Callable[[Any, Any, Any, Any], Any]
"""Model, points, outputs and pending points (k, f) or None -> an acquisition function."""


class BoTorchSampler(Sampler):
    """Proposes the maximum of an acquisition function of BoTorch.

    For those who want a certain model or acquisition: `GPSampler` has the usual ones, and is many
    times as fast. Choices are relaxed to one feature each, of which the largest wins; a parameter
    that may be absent is in the middle of its range where it is, with a feature that says so.

    Reference: Balandat et al., "BoTorch: a framework for efficient Monte-Carlo Bayesian
    optimization", NeurIPS 2020.

    Args:
        model: Makes a fitted model of double precision tensors. Outputs are losses turned round, so
            that more is better, the m objectives first, then the c constraints as they were told
            (at most 0 is feasible). Variances are given where all standard errors are known. None:
            `SingleTaskGP` of standardized outputs.
        acquisition: Makes the acquisition function. None: `qLogNoisyExpectedImprovement`, or
            `qLogNoisyExpectedHypervolumeImprovement` for several objectives.
        n_startup_trials: So many trials come from a scrambled Sobol' sequence first.
        num_restarts: Local searches of the acquisition's maximum.
        raw_samples: Points of which these begin at the best.
        seed: See `Sampler`.
        constraints_func: See `Sampler`.

    Raises:
        InvalidArgument: If a number is below 1.
        ImportError: When asking, without BoTorch.
    """

    def __init__(
        self,
        *,
        model: MakeModel | None = None,
        acquisition: MakeAcquisition | None = None,
        n_startup_trials: int = 8,
        num_restarts: int = 10,
        raw_samples: int = 256,
        seed: int | None = None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    ) -> None:
        for name, number in (
            ("n_startup_trials", n_startup_trials),
            ("num_restarts", num_restarts),
            ("raw_samples", raw_samples),
        ):
            if number < 1:
                raise InvalidArgument(name, "at least 1", number)
        super().__init__(seed)
        self.constraints_func = constraints_func
        self._make_model = model
        self._make_acquisition = acquisition
        self._n_startup = n_startup_trials
        self._restarts = num_restarts
        self._raw = raw_samples
        self._startup = QMCSampler(scramble=True, seed=seed, warn_asynchronous_seeding=False)

    def reseed_rng(self) -> None:
        """Draw a new seed from the system's entropy."""
        super().reseed_rng()
        self._startup = QMCSampler(scramble=True, warn_asynchronous_seeding=False)

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The maximum that was found."""
        if not len(space):
            return Proposal(np.empty(0))
        seen = Observations.of(history, space)
        told = np.isfinite(seen.constraints).all(axis=1)
        if told.sum() < self._n_startup:
            return self._startup.propose(history, space, number, rng)
        encoding = Encoding(space, absent=np.asarray(np.isnan(seen.points).any(axis=0)))
        pending = pending_points(history, space, number, _MOST_PENDING)
        outputs = np.column_stack([-seen.losses[told], seen.constraints[told]])
        sems = seen.sems[told]
        known = bool(np.isfinite(sems).all()) and not seen.constraints.shape[1]
        found = self._maximum(
            encoding.features(seen.points[told]),
            outputs,
            sems**2 if known else None,
            encoding.features(pending),
            history.n_objectives,
            int(rng.integers(2**31)),
        )
        return Proposal(Grid(space).snap(_decoded(encoding, space, found)[None])[0])

    def _maximum(
        self,
        features: Floats,
        outputs: Floats,
        variances: Floats | None,
        pending: Floats,
        m: int,
        seed: int,
    ) -> Floats:
        """The features of the proposal, shape (f,)."""
        import torch
        from botorch.optim import optimize_acqf

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            X, Y = torch.from_numpy(features.copy()), torch.from_numpy(outputs)
            V = None if variances is None else torch.from_numpy(np.maximum(variances, 1e-12))
            waiting = torch.from_numpy(pending.copy()) if len(pending) else None
            model = (self._make_model or default_model)(X, Y, V)
            if self._make_acquisition is not None:
                acquisition = self._make_acquisition(model, X, Y, waiting)
            else:
                acquisition = default_acquisition(model, X, Y, waiting, m)
            bounds = torch.zeros(2, X.shape[1], dtype=X.dtype)
            bounds[1] = 1.0
            point, _ = optimize_acqf(
                acquisition,
                bounds,
                q=1,
                num_restarts=self._restarts,
                raw_samples=self._raw,
            )
            out: Floats = point[0].detach().numpy()
            return out


def default_model(X: Any, Y: Any, V: Any) -> Any:
    """A fitted `SingleTaskGP`; see `MakeModel`."""
    from botorch import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from gpytorch.mlls import ExactMarginalLogLikelihood

    model = SingleTaskGP(X, Y, V, outcome_transform=Standardize(m=Y.shape[1]))
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model


def default_acquisition(model: Any, X: Any, Y: Any, pending: Any, m: int) -> Any:
    """Noisy expected improvement, of the hypervolume where there are m > 1 objectives."""
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement
    from botorch.acquisition.multi_objective.logei import (
        qLogNoisyExpectedHypervolumeImprovement,
    )
    from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
    from botorch.acquisition.objective import GenericMCObjective

    constraints = [lambda Z, k=k: Z[..., k] for k in range(m, Y.shape[1])] or None
    if m == 1:
        first = GenericMCObjective(lambda Z, X=None: Z[..., 0])
        return qLogNoisyExpectedImprovement(
            model, X, objective=first, constraints=constraints, X_pending=pending
        )
    objectives = Y[:, :m]
    width = objectives.max(dim=0).values - objectives.min(dim=0).values
    reference = (objectives.min(dim=0).values - 0.1 * width).tolist()
    return qLogNoisyExpectedHypervolumeImprovement(
        model,
        reference,
        X,
        objective=IdentityMCMultiOutputObjective(outcomes=list(range(m))),
        constraints=constraints,
        X_pending=pending,
    )


def _decoded(encoding: Encoding, space: Space, features: Floats) -> Floats:
    """The point of the unit cube, shape (d,), of some features."""
    out = np.full(encoding.d, 0.5)
    out[encoding.numeric] = features[encoding.feature]
    for j in encoding.unordered.tolist():
        own = np.nonzero(encoding.group == j)[0]
        out[j] = (int(np.argmax(features[own])) + 0.5) / int(space.levels[j])
    return out
