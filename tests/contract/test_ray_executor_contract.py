"""Trials on a Ray cluster of two nodes, one of which may die."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash import test_trainable_faults as wrong
from trimtab import tune
from trimtab.errors import InvalidArgument
from trimtab.records import TrialState
from trimtab.testing.executors import ExecutorContract, follow, until_ended, until_waiting
from trimtab.tune.executors import Executor
from trimtab.tune.session import Assignment

ray: Any = pytest.importorskip("ray", reason="Ray is not installed: pip install trimtab[ray]")

# Ray's own code warns of itself, of its files and of processes that it leaves to their end.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),  # a cluster is begun and ended in them
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes on loopback, with a processor each."""
    from ray.cluster_utils import Cluster

    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1, resources={"label": 2})
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.mark.usefixtures("cluster")
class TestRay(ExecutorContract):
    @pytest.fixture
    def executor(self) -> Executor:
        from trimtab.tune.executors.ray import RayExecutor

        return RayExecutor()


def fit(trainable: Any, folder: Path, **given: Any) -> tune.ResultGrid:
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(executor="ray", **given),
        run_config=tune.RunConfig(name="run", storage_path=folder, verbose=0),
    ).fit()


def placed(config: dict[str, Any]) -> dict[str, Any]:
    """Begins a task, and tells where both run."""
    there = ray.remote(num_cpus=1)(lambda: ray.get_runtime_context().get_node_id())
    nodes = {ray.get_runtime_context().get_node_id(), ray.get(there.remote())}
    return {"nodes": len(nodes)}


_LOST = "its actor was lost: ActorDiedError"
FAULTS: dict[Callable[[dict[str, Any]], Any], str] = {
    **wrong.ANYWHERE,
    # Left out is a worker that leaves a child and is killed: Ray waits for the child's end.
    **{
        f: told
        for f, told in wrong.IN_A_PROCESS.items()
        if f is not wrong.leaves_a_child_and_is_killed
    },
    **dict.fromkeys(
        (
            wrong.exits_at_once,
            wrong.is_killed,
            wrong.faults,
            wrong.is_killed_by_a_nameless_signal,
            wrong.closes_all_files,
        ),
        _LOST,
    ),
}
"""What a trainable can do wrong, and what is said of it."""


@pytest.fixture(scope="module")
def faulty(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> tune.ResultGrid:
    return wrong.all_of([*FAULTS], tmp_path_factory.mktemp("faulty"), "ray")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.__name__))
def test_what_a_trainable_does_wrong(faulty: tune.ResultGrid, fault: Any) -> None:
    wrong.check(faulty[[*FAULTS].index(fault)], FAULTS[fault])


def test_the_run_goes_on(faulty: tune.ResultGrid) -> None:
    assert faulty[-1].state is TrialState.COMPLETE
    assert faulty.num_terminated == 1


@pytest.mark.usefixtures("cluster")
def test_bundles_are_placed_and_are_for_what_a_trial_begins(tmp_path: Path) -> None:
    needs = tune.PlacementGroupFactory([{"CPU": 1}, {"CPU": 1}], strategy="STRICT_SPREAD")
    found = fit(placed, tmp_path, resources_per_trial=needs, num_samples=2)
    assert found.errors == []
    assert [result.metrics["nodes"] for result in found] == [2.0, 2.0]
    assert not [each for each in ray.util.placement_group_table().values()
                if each["state"] != "REMOVED"]  # fmt: skip


def labelled(config: dict[str, Any]) -> dict[str, Any]:
    """Tells whether it runs where the label is."""
    here = ray.get_runtime_context().get_node_id()
    (node,) = [node for node in ray.nodes() if node["NodeID"] == here]
    return {"label": node["Resources"].get("label", 0)}


@pytest.mark.usefixtures("cluster")
def test_resources_of_ones_own_and_by_config(tmp_path: Path) -> None:
    trainable = tune.with_resources(labelled, lambda config: {"cpu": 0.5, "label": 1})
    found = fit(trainable, tmp_path, num_samples=4)
    assert [result.metrics["label"] for result in found] == [2.0] * 4


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("needs", [{"cpu": 2}, {"cpu": 1, "label": 3}, {"gpu": 1}])
def test_what_no_node_has_is_refused(needs: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="1 CPU, 2 label"):
        fit(labelled, tmp_path, resources_per_trial=needs)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("cluster")
def test_an_actor_that_is_of_no_use_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trimtab.tune.executors import ray as module

    executor = module.RayExecutor()
    executor.open(follow, tmp_path)
    there = ray.cluster_resources()["CPU"]

    def free() -> float:
        return float(ray.available_resources().get("CPU", 0))

    for number in (0, 1):
        until = 1 if number else 100
        executor.start(Assignment(number, {"name": "x"}, "x", "run", tmp_path, until=until))
        _ = until_waiting(executor, 1) if number else until_ended(executor, 0)
    executor.expect([])
    monkeypatch.setattr(module, "_IDLE", 0.0)
    executor.expect([])
    assert free() == there - 1  # what rests in it keeps an actor
    executor.end(1)
    until_ended(executor, 1)
    executor.expect([])
    deadline = time.monotonic() + 20.0
    while free() < there and time.monotonic() < deadline:
        time.sleep(0.1)
    assert free() == there
    executor.close()


@pytest.mark.usefixtures("cluster")
def test_it_is_told_when_nothing_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trimtab.tune.executors import ray as module

    monkeypatch.setattr(module, "_LONG", 0.0)
    executor = module.RayExecutor(autoscaling=True)
    executor.open(labelled, tmp_path)
    executor.expect([])
    assert caplog.text == ""
    needs = tune.PlacementGroupFactory([{"GPU": 1}])
    executor.check(needs)
    assert not executor.has_room(needs)
    with caplog.at_level(logging.WARNING):
        executor.expect([needs])
    assert "Nothing runs" in caplog.text
    assert "1 CPU, 2 label" in caplog.text
    assert executor.poll(0.5) == []
    executor.expect([])
    executor.close()


def train(config: dict[str, Any]) -> None:
    """Counts to 30 from its checkpoint, and tells of its process."""
    checkpoint = tune.get_checkpoint()
    count = 0 if checkpoint is None else int(Path(checkpoint.path, "count").read_text("utf-8"))
    folder = Path(tune.get_context().get_trial_dir(), "mine")
    folder.mkdir(exist_ok=True)
    while count < 30:
        count += 1
        (folder / "count").write_text(str(count), "utf-8")
        (folder.parent / "pid").write_text(str(os.getppid()), "utf-8")
        tune.report({"count": count}, checkpoint=tune.Checkpoint.from_directory(folder))
        time.sleep(0.05)


def test_a_run_goes_on_when_a_node_dies(cluster: Any, tmp_path: Path) -> None:
    doomed = cluster.add_node(num_cpus=1)
    nodes = {node["NodeID"] for node in ray.nodes() if node["Alive"]}

    class Killer(tune.stoppers.Stopper):
        killed = False

        def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
            if not self.killed and result["count"] >= 5:
                self.killed = True
                os.kill(doomed.all_processes["raylet"][0].process.pid, signal.SIGKILL)
            return False

    assert len(nodes) == 3
    found = tune.Tuner(
        train,
        tune_config=tune.TuneConfig(num_samples=4, executor="ray", metric="count", mode="max"),
        run_config=tune.RunConfig(
            name="run",
            storage_path=tmp_path,
            stop=Killer(),
            failure_config=tune.FailureConfig(max_failures=3),
        ),
    ).fit()
    assert found.errors == []
    assert [result.metrics["count"] for result in found] == [30.0] * 4
    assert [len(result.reports) for result in found] == [30] * 4
