"""Runs of a Tuner whose trials need this and that, in worker processes."""

import os
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from trimtab import tune
from trimtab.errors import InvalidArgument
from trimtab.records import TrialState
from trimtab.schedulers import PopulationBasedTraining
from trimtab.tune import ResultGrid, Tuner
from trimtab.tune.executors import ProcessExecutor

Fit = Callable[..., ResultGrid]
_LONG = 0.05


@pytest.fixture
def fit(tmp_path: Path) -> Fit:
    """Runs a trainable on two processors."""

    def run(trainable: Any, space: dict[str, Any] | None = None, **given: Any) -> ResultGrid:
        stop, failures = given.pop("stop", None), given.pop("max_failures", 0)
        name = given.pop("name", "run")
        executor = given.pop("executor", None) or ProcessExecutor(2)
        return Tuner(
            trainable,
            param_space=space or {},
            tune_config=tune.TuneConfig(executor=executor, seed=0, **given),
            run_config=tune.RunConfig(
                name=name,
                storage_path=tmp_path,
                stop=stop,
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=failures),
            ),
        ).fit()

    return run


def timed(config: dict[str, Any]) -> dict[str, Any]:
    """Tells when it ran."""
    began = time.monotonic()
    time.sleep(_LONG)
    cpus = tune.get_context().get_trial_resources().required_resources["CPU"]
    return {"began": began, "ended": time.monotonic(), "cpus": cpus}


def most_at_once(found: ResultGrid, amount: str) -> float:
    """The most of an amount that was in use at one time."""
    changes: list[tuple[float, float]] = sorted(
        change
        for result in found
        for change in (
            (result.metrics["began"], result.metrics[amount]),
            (result.metrics["ended"], -result.metrics[amount]),
        )
    )
    return max(sum(n for _, n in changes[: i + 1]) for i in range(len(changes)))


@pytest.mark.parametrize(("cpus", "most"), [(2, 1), (1, 2), (0.5, 4)])
def test_processors_are_shared_out(fit: Fit, cpus: float, most: int) -> None:
    found = fit(tune.with_resources(timed, {"cpu": cpus}), num_samples=6)
    assert most_at_once(found, "cpus") <= 2
    assert most_at_once(found, "cpus") / cpus <= most


def test_what_a_trial_needs_may_depend_on_its_config(fit: Fit) -> None:
    space = {"n": tune.grid_search([1, 2, 1, 1, 2, 1])}
    found = fit(tune.with_resources(timed, lambda config: {"cpu": config["n"]}), space)
    assert [result.metrics["cpus"] for result in found] == [1, 2, 1, 1, 2, 1]
    assert most_at_once(found, "cpus") <= 2
    # Who waits for two processors comes to have them before those after it.
    begun = [result.metrics["began"] for result in found]
    assert all(begun[1] < later for later in begun[2:])
    assert begun[4] < begun[5]


def test_what_can_never_be_had_is_refused_before_the_run(fit: Fit, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"this machine has \(2 CPU.*got '3 CPU'"):
        fit(tune.with_resources(timed, {"cpu": 3}))
    with pytest.raises(InvalidArgument, match="licence"):
        fit(timed, resources_per_trial={"cpu": 1, "licence": 1})
    assert not list(tmp_path.iterdir())


def test_a_trial_whose_needs_can_never_be_had_fails(fit: Fit) -> None:
    def needs(config: dict[str, Any]) -> dict[str, float]:
        if config["n"] == 0:
            raise ValueError("no idea")
        return {"cpu": config["n"]}

    found = fit(timed, {"n": tune.grid_search([1, 3, 0, 2])}, resources_per_trial=needs)
    states = [result.state for result in found]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.FAIL, TrialState.COMPLETE]
    assert [type(error) for error in found.errors] == [InvalidArgument, ValueError]
    assert "2 CPU" in str(found[1].error)


def seen(config: dict[str, Any]) -> dict[str, Any]:
    """Tells which GPUs it sees."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    Path(tune.get_context().get_trial_dir(), "gpus").write_text(visible, "utf-8")
    return timed(config)


def gpus_of(found: ResultGrid) -> list[str]:
    return [Path(result.path, "gpus").read_text("utf-8") for result in found]


def test_a_worker_sees_the_gpus_that_it_was_given(
    fit: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    space = {"gpu": tune.grid_search([0, 0.5, 1, 2])}

    def needs(config: dict[str, Any]) -> dict[str, float]:
        return {"cpu": 1, "gpu": config["gpu"]}

    found = fit(seen, space, resources_per_trial=needs, max_concurrent_trials=1)
    assert gpus_of(found) == ["", "3", "3", "3,5"]
    found = fit(tune.with_resources(seen, {"cpu": 1, "gpu": 1}), num_samples=4, name="each")
    assert set(gpus_of(found)) <= {"3", "5"}
    by_gpu = sorted(
        (gpu, result.metrics["began"], result.metrics["ended"])
        for gpu, result in zip(gpus_of(found), found, strict=True)
    )
    for (gpu, _, ended), (other, began, _) in pairwise(by_gpu):
        assert gpu != other or ended <= began
    assert gpus_of(fit(seen, name="silent")) == ["3,5"]


@pytest.mark.parametrize("most", [1, 2])
def test_max_concurrent_trials(fit: Fit, most: int) -> None:
    def train(config: dict[str, Any]) -> dict[str, Any]:
        return {**timed(config), "one": 1}

    found = fit(tune.with_resources(train, {"cpu": 0.5}), num_samples=5, max_concurrent_trials=most)
    assert most_at_once(found, "one") <= most


class Climber(tune.Trainable):
    """Climbs at the slope of its config; notes what becomes of its objects."""

    def setup(self, config: dict[str, Any]) -> None:
        self.height = 0.0
        self.note("made")

    def step(self) -> dict[str, Any]:
        self.height += self.config["slope"]
        return {"height": self.height}

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, float]:
        return {"height": self.height}

    def load_checkpoint(self, checkpoint: dict[str, float]) -> None:
        self.height = checkpoint["height"]

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.height = 0.0
        self.note("reset")
        return True

    def cleanup(self) -> None:
        self.note("cleaned up")

    def note(self, text: str) -> None:
        with Path(self.config["notes"]).open("a", encoding="utf-8") as notes:
            notes.write(f"{text}\n")

    @classmethod
    def default_resource_request(cls, config: dict[str, Any]) -> Any:
        return tune.PlacementGroupFactory([{"CPU": 1}, {"CPU": 1}])


def test_a_population_reuses_its_objects(fit: Fit, tmp_path: Path) -> None:
    heights, told = {}, {}
    for reuse in (False, True):
        notes = tmp_path / f"notes {reuse}"
        found = fit(
            Climber,
            {"slope": tune.uniform(0, 1), "notes": str(notes)},
            num_samples=4,
            stop={"training_iteration": 12},
            scheduler=PopulationBasedTraining(
                metric="height",
                mode="max",
                time_attr="training_iteration",
                perturbation_interval=3,
                hyperparam_mutations={"slope": tune.uniform(0, 1)},
                synch=True,
            ),
            reuse_actors=reuse,
            name=f"reuse {reuse}",
        )
        assert found.errors == []
        heights[reuse] = [result.metrics["height"] for result in found]
        told[reuse] = notes.read_text("utf-8").split("\n")
    assert heights[True] == heights[False]
    assert told[True].count("made") == told[True].count("cleaned up") == 4
    assert told[True].count("reset") > 0
    assert told[False].count("made") == told[False].count("cleaned up") > 4
    assert told[False].count("reset") == 0


def test_needs_are_kept_with_the_run(fit: Fit, tmp_path: Path) -> None:
    needs = tune.PlacementGroupFactory([{"CPU": 1}, {"CPU": 1}], strategy="SPREAD")
    fit(timed, num_samples=2, resources_per_trial=needs)
    again = Tuner.restore(tmp_path / "run", timed)
    assert again._tune.resources_per_trial == needs
    assert len(again.fit()) == 2
