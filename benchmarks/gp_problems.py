"""The problems that samplers for few and costly trials are compared on.

A problem says what its parameters are before the first trial, so that it runs under Ax as under
Trimtab and Optuna.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.gp_instances import (
    BALL_MINIMUM,
    GRAMACY_MINIMUM,
    Instance,
    ackley,
    ball,
    bbob,
    branin_currin,
    branin_turned,
    gramacy,
    hartmann_turned,
    levy,
    network,
    quarter_circle,
    rosenbrock,
    shifted,
    wells,
)


@dataclass(frozen=True)
class Problem:
    """One problem to be minimized.

    Attributes:
        name: For tables.
        kind: ``smooth``, ``mixed``, ``constrained``, ``noisy``, ``bbob``, ``objectives`` or
            ``batch``.
        make: Its instance of a number of at least 1.
        n_constraints: How many constraints an outcome has.
        noise: Standard deviation of what is added to the value that samplers are told.
        worst: Regret while no feasible point is known.
        reference: Where the hypervolume of two objectives ends; empty for one objective.
        batch: How many trials are asked for before their values are told.
    """

    name: str
    kind: str
    make: Callable[[int], Instance]
    n_constraints: int = 0
    noise: float = 0.0
    worst: float = math.inf
    reference: tuple[float, ...] = ()
    batch: int = 1


_HARTMANN = Problem("hartmann6", "smooth", hartmann_turned)
_LEVY = Problem("levy4", "smooth", shifted(levy, 4, -10.0, 10.0, 1.0))
_ROSENBROCK = Problem("rosenbrock4", "smooth", shifted(rosenbrock, 4, -5.0, 10.0, 1.0))

PROBLEMS: tuple[Problem, ...] = (
    Problem("branin", "smooth", branin_turned),
    _HARTMANN,
    Problem("ackley5", "smooth", shifted(ackley, 5, -32.768, 32.768, 0.0)),
    _LEVY,
    _ROSENBROCK,
    Problem("mixed network", "mixed", network),
    Problem("mixed wells", "mixed", wells),
    Problem("gramacy", "constrained", gramacy, n_constraints=2, worst=2.0 - GRAMACY_MINIMUM),
    Problem("hartmann6 in a ball", "constrained", ball, n_constraints=1, worst=-BALL_MINIMUM),
    Problem("noisy hartmann6", "noisy", hartmann_turned, noise=0.2),
    *(Problem(f"bbob f{f} 5d", "bbob", bbob(f, 5)) for f in (6, 8, 15, 20)),
    Problem("branin and currin", "objectives", branin_currin, reference=(18.0, 6.0)),
    Problem("quarter circle", "objectives", quarter_circle, reference=(1.1, 1.1)),
    *(
        replace(one, name=f"{one.name} in fours", kind="batch", batch=4)
        for one in (_HARTMANN, _LEVY, _ROSENBROCK)
    ),
)
"""All of them, in the order of the tables."""
