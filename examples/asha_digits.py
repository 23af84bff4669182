"""Successive halving (ASHA) of a real network: most of the time goes to what looks best.

    python examples/asha_digits.py --networks 27 --epochs 27

Every network is judged after 1, 3 and 9 epochs, and only the best third goes on. So four times as
many settings are tried as the same number of epochs would otherwise allow.
"""

from __future__ import annotations

import argparse
import tempfile

from digits import train

from trimtab import tune
from trimtab.tune.schedulers import ASHAScheduler

SPACE = {
    "rate": tune.loguniform(1e-4, 1.0),
    "momentum": tune.uniform(0.0, 0.99),
    "alpha": tune.loguniform(1e-6, 1.0),
    "checkpoint_interval": 1_000,  # nothing is to be taken up again
}


def search(
    halves: bool, seed: int, networks: int = 27, epochs: int = 27, executor: str = "process"
) -> tune.ResultGrid:
    """One run, with or without ending trials early."""
    scheduler = ASHAScheduler(max_t=epochs, grace_period=1, reduction_factor=3)
    return tune.Tuner(
        train,
        param_space={**SPACE, "seed": seed},
        tune_config=tune.TuneConfig(
            metric="loss",
            mode="min",
            num_samples=networks,
            scheduler=scheduler if halves else None,
            seed=seed,
            executor=executor,
        ),
        run_config=tune.RunConfig(
            storage_path=tempfile.mkdtemp(prefix="asha-digits-"),
            stop={"training_iteration": epochs},
        ),
    ).fit()


def epochs_of(results: tune.ResultGrid) -> int:
    """How many were trained in all."""
    return sum(len(result.reports) for result in results)


def main() -> None:
    """Show what it found and what it saved."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--networks", type=int, default=27)
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    results = search(True, arguments.seed, arguments.networks, arguments.epochs)
    found = results.get_best_result()
    print(f"best loss {found.metrics['loss']:.4f}, accuracy {found.metrics['accuracy']:.1%}")
    print(f"of {found.config}")
    done, all_of_them = epochs_of(results), arguments.networks * arguments.epochs
    print(f"{done} epochs instead of {all_of_them}")
    print(f"trimtab dashboard sqlite:///{results.experiment_path}/study.db")


if __name__ == "__main__":
    main()
