"""What a process takes for the best after each observation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.samplers.gp.model import Posterior, solve, solve_transposed
from trimtab.samplers.gp.observations import Indices
from trimtab.space import Floats


@dataclass(frozen=True, slots=True)
class Progress:
    """The best arm by the model after the first so many trials, r times.

    Attributes:
        counts: Shape (r,), after how many trials, ascending.
        numbers: Shape (r,), a trial of the arm that was the best then.
        means: Shape (r,), its posterior mean then, in the objective's units.
        sds: Shape (r,), the standard deviation of that mean.
    """

    counts: Indices
    numbers: Indices
    means: Floats
    sds: Floats


def best_rows(
    model: Posterior, feasible: np.ndarray, counts: Indices
) -> tuple[Indices, Floats, Floats]:
    """The feasible observation with the smallest posterior mean given the first k of them.

    The factor of the first k is the leading block of that of all, so that no k is factored anew.

    Args:
        model: Conditioned on n observations, in their order.
        feasible: Shape (n,), booleans.
        counts: Shape (r,), values of k, each with a feasible observation among the first k.

    Returns:
        Shape (r,) each: the observations, their means, and their variances.
    """
    lower, innovations = model.lower, model.innovations[:, 0]
    noise = np.einsum("ij,ij->i", lower, lower) - 1.0
    observed = lower @ innovations
    rows, means, variances = [], [], []
    for k in counts.tolist():
        block = lower[:k, :k]
        weights = solve_transposed(block, innovations[:k, None])[:, 0]
        # K weights, as (K + N) weights are the observations.
        mean = observed[:k] - noise[:k] * weights
        row = int(np.argmin(np.where(feasible[:k], mean, np.inf)))
        cross = lower[:k] @ lower[row]
        cross[row] -= noise[row]
        left = solve(block, cross[:, None])[:, 0]
        rows.append(row)
        means.append(model.mean + mean[row])
        variances.append(max(1.0 - float(left @ left), 0.0))
    return np.array(rows, dtype=np.int64), np.array(means), np.array(variances)
