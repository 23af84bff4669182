"""A run of a Tuner in processes that are killed, one after another, and one that is not.

python -m tests.crash.killed_run FOLDER SCHEDULER KILLS [KEPT]

KEPT is how many checkpoints of a trial are kept. Prints what came of both. The moments are drawn by
chance, with a seed: each is a number of calls of functions, so that a process dies in the midst of
anything.
"""

import itertools
import json
import os
import random
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from trimtab import tune
from trimtab.samplers import TPESampler
from trimtab.tune import CheckpointConfig, RunConfig, TuneConfig, Tuner, schedulers

STEPS = 9
KEPT = int(sys.argv[4]) if len(sys.argv) > 4 else None
ITERATIONS: dict[str, Any] = {"time_attr": "training_iteration"}


def train(config: dict[str, Any]) -> None:
    """Adds up its slope, and saves every other time."""
    total, count = 0.0, 0
    checkpoint = tune.get_checkpoint()
    if checkpoint is not None:
        words = Path(checkpoint.path, "state").read_text("utf-8").split()
        total, count = float(words[0]), int(words[1])
    while True:
        total, count = total + config["slope"], count + 1
        with tempfile.TemporaryDirectory() as folder:
            saved = None
            if count % 2 == 0:
                Path(folder, "state").write_text(f"{total!r} {count}", "utf-8")
                saved = tune.Checkpoint.from_directory(folder)
            tune.report({"total": total, "count": count}, checkpoint=saved)


def scheduler_of(name: str) -> Any:
    perturbs: Any = {**ITERATIONS, "perturbation_interval": 3, "quantile_fraction": 0.4}
    mutations = {"slope": tune.quniform(0.0, 10.0, 0.25)}
    match name:
        case "pbt":
            return schedulers.PopulationBasedTraining(**perturbs, hyperparam_mutations=mutations)
        case "pbt-synch":
            return schedulers.PopulationBasedTraining(
                **perturbs, hyperparam_mutations=mutations, synch=True
            )
        case "pb2":
            return schedulers.PB2(**perturbs, hyperparam_bounds={"slope": [0.0, 10.0]})
        case "asha":
            return schedulers.ASHAScheduler(**ITERATIONS, max_t=STEPS, reduction_factor=2)
        case "asha-promoting":
            return schedulers.PromotingASHA(**ITERATIONS, max_t=STEPS, reduction_factor=2)
        case "hyperband":
            return schedulers.HyperBandScheduler(**ITERATIONS, max_t=STEPS)
        case "bohb":
            return schedulers.HyperBandForBOHB(**ITERATIONS, max_t=STEPS)
    return schedulers.MedianStoppingRule(**ITERATIONS, grace_period=2, min_samples_required=2)


def tuner_of(folder: Path, name: str) -> Tuner:
    if Tuner.can_restore(folder):
        return Tuner.restore(folder, train)
    return Tuner(
        train,
        param_space={"slope": tune.quniform(0.0, 10.0, 0.25)},
        tune_config=TuneConfig(
            num_samples=6,
            metric="total",
            mode="max",
            search_alg=TPESampler(n_startup_trials=2, seed=5),
            scheduler=scheduler_of(name),
            seed=3,
            executor="inline",
        ),
        run_config=RunConfig(
            name="run",
            storage_path=folder.parent,
            stop={"training_iteration": STEPS},
            checkpoint_config=CheckpointConfig(num_to_keep=KEPT),
            verbose=0,
        ),
    )


class Counted:
    """Counts the calls of a process, and ends it at one of them."""

    def __init__(self, last: int) -> None:
        self._counter = itertools.count(1)
        self._last = last

    def __enter__(self) -> "Counted":
        threading.setprofile(self._on_call)
        sys.setprofile(self._on_call)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _on_call(self, frame: Any, kind: str, argument: Any) -> None:
        if next(self._counter) == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def calls(self) -> int:
        return next(self._counter)


def outcome(folder: Path, name: str, last: int, file: Path) -> int:
    """What a process comes to that dies at a call, in a file; its exit status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        with Counted(last) as counted:
            results = tuner_of(folder, name).fit()
        told: list[Any] = [counted.calls]
        for result in results:
            reports = [(report["training_iteration"], report["total"]) for report in result.reports]
            told.append((result.number, result.state.name, result.config, result.lineage, reports))
        file.write_text(json.dumps(told))
        os._exit(0)
    finally:
        os._exit(1)


def main(folder: Path, name: str, kills: int) -> None:
    chance = random.Random(name)
    file = folder / "outcome"
    if outcome(folder / "whole" / "run", name, 0, file):
        raise SystemExit("the whole run failed")
    calls, *whole = json.loads(file.read_text())
    died = 0
    while died < kills:
        status = outcome(folder / "cut" / "run", name, chance.randint(1, calls // 2), file)
        if status != -signal.SIGKILL:
            break
        died += 1
    if died == kills and outcome(folder / "cut" / "run", name, 0, file):
        raise SystemExit("the last run failed")
    cut = json.loads(file.read_text())[1:]
    print(json.dumps({"died": died, "whole": whole, "cut": cut}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
