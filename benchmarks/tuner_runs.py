"""The Tuners' runs: each function one reading, in a fresh process."""

from __future__ import annotations

import importlib
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import psutil

from benchmarks import trainables
from benchmarks.harness import Reading

_REPEATS = 3  # of an import; the smallest counts
_IMPORT = "import time; t = time.perf_counter(); {what}; print(time.perf_counter() - t)"
_INTERVAL = 4  # of the tutorial, between two comparisons and two checkpoints
_MIB = 2.0**20


def tuner_of(library: str) -> Any:
    """``trimtab.tune`` or ``ray.tune``, with its schedulers."""
    importlib.import_module(f"{library}.tune.schedulers")
    logging.getLogger(library).setLevel(logging.WARNING)
    return importlib.import_module(f"{library}.tune")


def connect() -> Any:
    """Begin a Ray of this machine, and wait until it can work."""
    import ray

    ray.init(
        address="local",  # and not a cluster that someone left behind
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    ray.get(ray.remote(lambda: None).remote())
    return ray


def timed(make: Callable[[str, str], Any], library: str, executor: str) -> Reading:
    """Seconds from `fit` to its return, twice in one process; what is begun before is not counted.

    Args:
        make: Makes a Tuner, for a place to keep the run and an executor.
        library: ``trimtab`` or ``ray``.
        executor: Trimtab's; Ray Tune has only its own.
    """
    needs_ray = library == "ray" or executor == "ray"
    ray = connect() if needs_ray else None
    reading: Reading = {}
    with tempfile.TemporaryDirectory(prefix="trimtab-bench-") as folder:
        # Once is enough of what takes minutes.
        for name in ("first",) if library == "ray" else ("first", "again"):
            tuner = make(f"{folder}/{name}", executor)
            started = time.perf_counter()
            results = tuner.fit()
            reading[name] = time.perf_counter() - started
            if results.errors:
                raise RuntimeError(f"a trial failed: {results.errors[0]}")
    if ray is not None:
        ray.shutdown()
    return reading


def population_based(library: str, executor: str = "process") -> Reading:
    """The tutorial's run: two trials of 100 steps, compared every fourth."""
    tune = tuner_of(library)

    def make(place: str, executor: str) -> Any:
        scheduler = tune.schedulers.PopulationBasedTraining(
            time_attr="training_iteration",
            perturbation_interval=_INTERVAL,
            metric="Q",
            mode="max",
            quantile_fraction=0.5,
            resample_probability=0.5,
            hyperparam_mutations={
                "lr": tune.qloguniform(5e-3, 1e-1, 5e-4),
                "h0": tune.uniform(0.0, 1.0),
                "h1": tune.uniform(0.0, 1.0),
            },
            synch=True,
        )
        return tune.Tuner(
            trainables.toy(tune),
            param_space={
                "lr": 0.05,
                "h0": tune.grid_search([0.0, 1.0]),
                "h1": tune.sample_from(lambda spec: 1.0 - spec.config["h0"]),
                "checkpoint_interval": _INTERVAL,
            },
            tune_config=tune.TuneConfig(scheduler=scheduler, **_place(library, executor)),
            run_config=tune.RunConfig(
                stop={"training_iteration": 100},
                failure_config=tune.FailureConfig(max_failures=3),
                storage_path=place,
            ),
        )

    return timed(make, library, executor)


def trivial(library: str, executor: str = "process", trials: int = 100) -> Reading:
    """As many trials that report once."""
    tune = tuner_of(library)

    def make(place: str, executor: str) -> Any:
        return tune.Tuner(
            trainables.trivial(tune),
            param_space={"x": tune.uniform(-1.0, 1.0)},
            tune_config=tune.TuneConfig(
                metric="loss", mode="min", num_samples=trials, **_place(library, executor)
            ),
            run_config=tune.RunConfig(storage_path=place),
        )

    return timed(make, library, executor)


def reports(library: str, each: int) -> Reading:
    """Reports a second that reach the run from two trials at one time."""
    tune = tuner_of(library)
    ray = connect() if library == "ray" else None

    def seconds(number: int) -> float:
        with tempfile.TemporaryDirectory(prefix="trimtab-bench-") as folder:
            tuner = tune.Tuner(
                trainables.talkative(tune),
                param_space={"reports": number, "x": tune.grid_search([0, 1])},
                tune_config=tune.TuneConfig(metric="loss", mode="min"),
                run_config=tune.RunConfig(storage_path=folder),
            )
            started = time.perf_counter()
            results = tuner.fit()
            taken = time.perf_counter() - started
            if results.errors or len(results) != 2:
                raise RuntimeError(f"not two sound trials: {results.errors}")
            return taken

    # What beginning and ending take is what a run with one report takes.
    short = seconds(1)
    taken = seconds(1 + each) - short
    if ray is not None:
        ray.shutdown()
    return {"rate": 2 * each / taken}


def population(
    members: int, steps: int, every: int, place: str | None = None, executor: str = "inline"
) -> Reading:
    """Microseconds that each step takes longer than the same training by itself.

    Args:
        members: Of the population.
        steps: Of each.
        every: So many steps they are compared, and save their state.
        place: A folder in which the run is left; None: it is removed. Where thousands of files
            were removed a file system takes several times as long to make others, for minutes.
        executor: Trimtab's.
    """
    tune = tuner_of("trimtab")
    rate = tune.uniform(0.0, 1.0)
    scheduler = tune.schedulers.PopulationBasedTraining(
        time_attr="training_iteration",
        perturbation_interval=every,
        hyperparam_mutations={"rate": rate},
    )
    trainable = trainables.member(tune)
    left = None if place is None else nullcontext(tempfile.mkdtemp(dir=place))
    with left or tempfile.TemporaryDirectory(prefix="trimtab-bench-") as folder:
        tuner = tune.Tuner(
            trainable,
            param_space={"rate": rate},
            tune_config=tune.TuneConfig(
                metric="height",
                mode="max",
                num_samples=members,
                scheduler=scheduler,
                seed=1,
                executor=executor,
            ),
            run_config=tune.RunConfig(storage_path=folder, stop={"training_iteration": steps}),
        )
        started = time.perf_counter()
        results = tuner.fit()
        taken = time.perf_counter() - started
        taken_steps = sum(len(result.reports) for result in results)
        alone = trainable({"rate": 0.5})

        def by_itself() -> float:
            started = time.perf_counter()
            for step in range(steps):
                alone.step()
                if step % every == 0:
                    alone.save_checkpoint(folder)
            return (time.perf_counter() - started) / steps

        # The least of some: what is taken off the run is no more than it really takes.
        own = min(by_itself() for _ in range(10))
    return {"overhead": 1e6 * (taken / taken_steps - own), "own": 1e6 * own}


def many(trials: int, marks: list[int], executor: str = "inline") -> Reading:
    """Seconds a trial in a run of so many, and MiB of the driver after some of them."""
    from trimtab.tune import Callback

    tune = tuner_of("trimtab")
    process = psutil.Process()
    reading: Reading = {}

    class Watch(Callback):
        def __init__(self) -> None:
            self.ended = 0

        def on_trial_complete(self, *_: Any, **__: Any) -> None:
            self.ended += 1
            if self.ended in marks:
                reading[f"after {self.ended}"] = process.memory_info().rss / _MIB

    with tempfile.TemporaryDirectory(prefix="trimtab-bench-") as folder:
        tuner = tune.Tuner(
            trainables.trivial(tune),
            param_space={"x": tune.uniform(-1.0, 1.0)},
            tune_config=tune.TuneConfig(
                metric="loss", mode="min", num_samples=trials, executor=executor
            ),
            run_config=tune.RunConfig(storage_path=folder, callbacks=[Watch()]),
        )
        started = time.perf_counter()
        results = tuner.fit()
        reading["each"] = (time.perf_counter() - started) / trials
    if len(results) != trials:
        raise RuntimeError(f"{len(results)} trials, not {trials}")
    return reading


def import_time(library: str) -> Reading:
    """Seconds until a Tuner is imported, in a new interpreter."""
    script = _IMPORT.format(what=f"from {library} import tune")
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        for _ in range(_REPEATS)
    ]
    return {"import": min(float(run.stdout) for run in runs)}


def _place(library: str, executor: str) -> dict[str, str]:
    return {} if library == "ray" else {"executor": executor}
