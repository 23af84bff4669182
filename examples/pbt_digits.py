"""Population based training of a real network, against random search with the same steps.

    python examples/pbt_digits.py --members 8 --epochs 21 --seeds 5

Both train as many networks for as many epochs, from the same settings. Random search leaves each
with its own. PBT lets the worst go on from the best every few epochs, so that in the end all epochs
but the first were spent on what worked, with a learning rate that has changed on the way.
"""

from __future__ import annotations

import argparse
import tempfile
from typing import Any

import numpy as np
from digits import train

from trimtab import tune
from trimtab.tune.schedulers import PopulationBasedTraining

SPACE = {
    "rate": tune.loguniform(1e-4, 1.0),
    "momentum": tune.uniform(0.0, 0.99),
    "alpha": tune.loguniform(1e-6, 1.0),
}


def search(
    uses_pbt: bool, seed: int, members: int = 8, epochs: int = 21, executor: str = "process"
) -> tune.ResultGrid:
    """One run of either kind."""
    scheduler = PopulationBasedTraining(
        time_attr="training_iteration",
        perturbation_interval=3,
        quantile_fraction=0.25,
        resample_probability=0.1,
        hyperparam_mutations=SPACE,
        synch=True,
    )
    config: dict[str, Any] = {**SPACE, "checkpoint_interval": 3, "seed": seed}
    return tune.Tuner(
        train,
        param_space=config,
        tune_config=tune.TuneConfig(
            metric="loss",
            mode="min",
            num_samples=members,
            scheduler=scheduler if uses_pbt else None,
            seed=seed,
            executor=executor,
        ),
        run_config=tune.RunConfig(
            storage_path=tempfile.mkdtemp(prefix="pbt-digits-"),
            stop={"training_iteration": epochs},
            verbose=0,
        ),
    ).fit()


def best(results: tune.ResultGrid) -> float:
    """The smallest loss on pictures that no network has learnt from."""
    return float(results.get_best_result().metrics["loss"])


def main() -> None:
    """Compare them, seed by seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=21)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    losses = []
    for seed in range(arguments.seeds):
        pair = [search(uses, seed, arguments.members, arguments.epochs) for uses in (False, True)]
        losses.append([best(results) for results in pair])
        print(f"seed {seed}: random {losses[-1][0]:.4f}   PBT {losses[-1][1]:.4f}")
    random, pbt = np.median(losses, axis=0)
    print(f"median loss: random {random:.4f}, PBT {pbt:.4f}")
    print(f"trimtab dashboard sqlite:///{pair[1].experiment_path}/study.db")


if __name__ == "__main__":
    main()
