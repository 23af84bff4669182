"""Runs of a Tuner, in this process."""

import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import trimtab
from trimtab import tune
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import TrialState
from trimtab.records.lineage import CONFIG, descents_in, first_config, flat_config
from trimtab.samplers import TPESampler
from trimtab.schedulers import (
    PopulationBasedTraining,
    PopulationBasedTrainingReplay,
    SuccessiveHalvingPruner,
)
from trimtab.tune import FailureConfig, ResultGrid, RunConfig, Tuner
from trimtab.tune.folder import RunFolder, RunInUse
from trimtab.tune.stoppers import Stopper

Fit = Callable[..., ResultGrid]


def counting(config: dict[str, Any]) -> None:
    """Counts on from its checkpoint, for ever."""
    checkpoint = tune.get_checkpoint()
    count = 0 if checkpoint is None else int(Path(checkpoint.path, "count").read_text("utf-8"))
    while True:
        count += 1
        if count in config.get("raise", ()):
            raise ValueError(f"at {count}")
        with tempfile.TemporaryDirectory() as folder:
            saved = None
            if count % config.get("every", 2) == 0:
                Path(folder, "count").write_text(str(count), "utf-8")
                saved = tune.Checkpoint.from_directory(folder)
            tune.report(
                {"count": count, "score": config.get("slope", 1.0) * count}, checkpoint=saved
            )


class Counter(tune.Trainable):
    """The same as a class."""

    def setup(self, config: dict[str, Any]) -> None:
        self.count = 0

    def step(self) -> dict[str, Any]:
        self.count += 1
        return {"score": self.config.get("slope", 1.0) * self.count, "count": self.count}

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, int]:
        return {"count": self.count}

    def load_checkpoint(self, checkpoint: dict[str, int]) -> None:
        self.count = checkpoint["count"]


# ---------------------------------------------------------------- what can be trained


def test_a_function_that_returns(fit: Fit) -> None:
    found = fit(lambda config: {"loss": config["x"] ** 2}, {"x": tune.grid_search([3, 1, 2])})
    assert [result.metrics["loss"] for result in found] == [9.0, 1.0, 4.0]
    assert [result.config for result in found] == [{"x": 3}, {"x": 1}, {"x": 2}]
    assert found.num_terminated == 3
    assert found.errors == []
    assert found.get_best_result("loss", "min").config == {"x": 1}


def test_a_bare_number_and_a_generator(fit: Fit) -> None:
    def steps(config: dict[str, Any]) -> Iterator[Any]:
        yield 3.0
        yield {"_metric": 2.0}

    assert fit(lambda config: 5)[0].metrics["_metric"] == 5.0
    found = fit(steps, name="steps")[0]
    assert [report["_metric"] for report in found.reports] == [3.0, 2.0]
    assert found.metrics["training_iteration"] == 2


@pytest.mark.parametrize("trainable", [counting, Counter])
def test_a_stop_condition(fit: Fit, trainable: Any) -> None:
    (result,) = fit(trainable, stop={"training_iteration": 5})
    assert result.metrics["count"] == 5.0
    assert [report["training_iteration"] for report in result.reports] == [1, 2, 3, 4, 5]
    (result,) = fit(trainable, stop={"score": 3.5}, name="score")
    assert result.metrics["count"] == 4.0
    (result,) = fit(trainable, stop=lambda trial_id, result: result["count"] > 2, name="function")
    assert result.metrics["count"] == 3.0


def test_a_class_may_say_that_it_is_done(fit: Fit) -> None:
    class Done(Counter):
        def step(self) -> dict[str, Any]:
            return {**super().step(), "done": self.count == 3}

    (result,) = fit(Done)
    assert (result.metrics["count"], result.state) == (3.0, TrialState.COMPLETE)
    assert "done" not in result.reports[0]


def test_parameters_and_resources(fit: Fit) -> None:
    data = list(range(10))

    def trainable(config: dict[str, Any], data: list[int]) -> dict[str, Any]:
        needs = tune.get_context().get_trial_resources()
        return {"sum": sum(data), "cpu": needs.required_resources["CPU"]}

    wrapped = tune.with_resources(tune.with_parameters(trainable, data=data), {"cpu": 2})
    metrics = fit(wrapped)[0].metrics
    assert (metrics["sum"], metrics["cpu"]) == (45.0, 2.0)


def test_the_context(fit: Fit, tmp_path: Path) -> None:
    def trainable(config: dict[str, Any]) -> dict[str, Any]:
        context = tune.get_context()
        Path(context.get_trial_dir(), "mine").write_text(context.get_experiment_name(), "utf-8")
        return {"id": int(context.get_trial_id())}

    found = fit(trainable, num_samples=2)
    assert [result.metrics["id"] for result in found] == [0.0, 1.0]
    assert Path(found[1].path, "mine").read_text("utf-8") == "run"
    with pytest.raises(RuntimeError, match=r"tune\.report"):
        tune.report({"a": 1})


# ---------------------------------------------------------------- the study


def test_a_run_is_a_study(fit: Fit, tmp_path: Path) -> None:
    fit(counting, {"slope": tune.uniform(0, 1)}, num_samples=3, metric="score", mode="max",
        stop={"training_iteration": 4})  # fmt: skip
    study = trimtab.load_study(study_name="run", storage=f"sqlite:///{tmp_path}/run/study.db")
    assert study.direction == trimtab.StudyDirection.MAXIMIZE
    assert study.metric_names == ["score"]
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 3
    for trial in study.trials:
        assert trial.value == 4 * trial.params["slope"]
        assert [report.metrics["count"] for report in trial.reports.values()] == [1, 2, 3, 4]
        assert [report.checkpoint for report in trial.reports.values()] == [
            None, "checkpoint_000002", None, "checkpoint_000004",
        ]  # fmt: skip


def test_without_a_metric_the_first_that_is_reported_counts(fit: Fit, tmp_path: Path) -> None:
    fit(lambda config: {"b": 1.0, "a": 2.0})
    study = trimtab.load_study(study_name="run", storage=f"sqlite:///{tmp_path}/run/study.db")
    assert (study.metric_names, study.best_value) == (["b"], 1.0)


def test_a_sampler_of_the_engine_searches(fit: Fit) -> None:
    found = fit(
        lambda config: {"loss": (config["x"] - 0.3) ** 2 + (config["kind"] == "b")},
        {"x": tune.uniform(0, 1), "kind": tune.choice(["a", "b"])},
        search_alg=TPESampler(n_startup_trials=5), num_samples=30, metric="loss", mode="min",
    )  # fmt: skip
    best = found.get_best_result()
    assert best.metrics["loss"] < 0.01
    assert best.config["kind"] == "a"


def test_a_pruner_of_the_engine_stops(fit: Fit) -> None:
    found = fit(
        counting, {"slope": tune.grid_search([3.0, 2.0, 1.0])}, metric="score", mode="max",
        scheduler=SuccessiveHalvingPruner(min_resource=2, reduction_factor=2),
        stop={"training_iteration": 8},
    )  # fmt: skip
    states = [result.state for result in found]
    assert states == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.PRUNED]
    assert [len(result.reports) for result in found] == [8, 2, 2]
    assert found.num_terminated == 3


@pytest.mark.parametrize("trainable", [counting, Counter])
@pytest.mark.parametrize("synch", [True, False])
def test_population_based_training(fit: Fit, trainable: Any, synch: bool) -> None:
    def run(name: str) -> ResultGrid:
        scheduler = PopulationBasedTraining(
            time_attr="training_iteration", metric="score", mode="max", perturbation_interval=4,
            quantile_fraction=0.5, hyperparam_mutations={"slope": tune.uniform(0, 10)}, synch=synch,
        )  # fmt: skip
        return fit(trainable, {"slope": tune.grid_search([1.0, 2.0, 3.0, 4.0])}, name=name,
                   scheduler=scheduler, stop={"training_iteration": 20})  # fmt: skip

    found = run("one")
    assert [result.state for result in found] == [TrialState.COMPLETE] * 4
    assert all(result.metrics["count"] == 20.0 for result in found)
    assert sum(len(result.lineage) for result in found) >= (4 if synch else 2)
    for result in found:
        for step, donor, iteration, changed in result.lineage:
            assert iteration % 4 == 0
            assert donor != result.number
            assert step >= 4
            assert set(changed) <= {"slope"}
            assert all(0 <= value <= 10 for value in changed.values())
    again = run("two")
    for left, right in zip(found, again, strict=True):
        assert (left.lineage, left.config) == (right.lineage, right.config)


# ---------------------------------------------------------------- what goes wrong


def test_a_trial_is_tried_again_from_its_checkpoint(fit: Fit) -> None:
    begun: list[int] = []
    failures = [8, 5]

    def trainable(config: dict[str, Any]) -> None:
        checkpoint = tune.get_checkpoint()
        begun.append(0 if checkpoint is None else int(Path(checkpoint.path, "count").read_text()))
        counting({**config, "raise": [failures.pop()] if failures else []})

    (result,) = fit(trainable, stop={"training_iteration": 10},
                    failure_config=FailureConfig(max_failures=2))  # fmt: skip
    assert begun == [0, 4, 6]
    assert result.error is None
    assert [report["count"] for report in result.reports] == list(range(1, 11))
    assert [report["training_iteration"] for report in result.reports] == list(range(1, 11))


def test_a_trial_that_fails_for_good(fit: Fit) -> None:
    found = fit(counting, {"raise": tune.grid_search([[3], []])}, stop={"training_iteration": 4})
    assert [result.state for result in found] == [TrialState.FAIL, TrialState.COMPLETE]
    assert found.num_errors == 1
    assert isinstance(found.errors[0], ValueError)
    assert "at 3" in str(found[0].error)


def test_the_run_ends_with_the_first_failure(fit: Fit) -> None:
    space = {"raise": tune.grid_search([[3], []])}
    found = fit(counting, space, failure_config=FailureConfig(fail_fast=True))
    assert [result.state for result in found] == [TrialState.FAIL, TrialState.WAITING]
    with pytest.raises(ValueError, match="at 3"):
        fit(counting, space, failure_config=FailureConfig(fail_fast="raise"), name="raises")


@pytest.mark.parametrize("value", [math.nan, math.inf, "text", None])
def test_a_last_value_that_is_none(fit: Fit, value: Any) -> None:
    found = fit(lambda config: {"loss": value}, metric="loss", mode="min")
    assert found[0].state is TrialState.FAIL
    assert "loss" in str(found[0].error)


def test_a_trial_that_reports_nothing(fit: Fit) -> None:
    found = fit(lambda config: None, metric="loss", mode="min")
    assert found[0].state is TrialState.FAIL
    assert "nothing" in str(found[0].error)


def test_a_config_is_the_trial_s_own(fit: Fit) -> None:
    def greedy(config: dict[str, Any]) -> int:
        config["deep"]["list"].append(1)
        return len(config["deep"]["list"])

    found = fit(greedy, {"deep": {"list": [0]}, "n": tune.grid_search([1, 2])})
    assert [result.metrics["_metric"] for result in found] == [2.0, 2.0]


def test_what_contradicts_itself_is_refused(fit: Fit) -> None:
    scheduler = SuccessiveHalvingPruner()
    other = PopulationBasedTraining(metric="b", mode="max", hyperparam_mutations={"x": [1]})
    for given, argument in (
        ({"scheduler": scheduler}, "metric"),
        ({"scheduler": scheduler, "metric": "a"}, "mode"),
        ({"scheduler": other, "metric": "a"}, "metric"),
        ({"executor": "nowhere"}, "executor"),
    ):  # fmt: skip
        with pytest.raises(InvalidArgument, match=f"`{argument}`"):
            fit(counting, **given)
    with pytest.raises(InvalidArgument, match="mode"):
        tune.TuneConfig(mode="most")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(InvalidArgument, match="fail_fast"):
        FailureConfig(max_failures=3, fail_fast=True)
    with pytest.raises(InvalidType, match="trainable"):
        Tuner(3)
    with pytest.raises(InvalidType, match="tune_config"):
        Tuner(counting, tune_config={"metric": "a"})  # type: ignore[arg-type]  # that is the point


def test_a_stopper_may_end_the_run(fit: Fit) -> None:
    class After(Stopper):
        n = 0

        def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
            self.n += 1
            return bool(result["training_iteration"] == 4)

        def stop_all(self) -> bool:
            return self.n >= 6

    found = fit(counting, num_samples=5, stop=After())
    assert [len(result.reports) for result in found] == [4, 2, 0, 0, 0]


def test_a_time_budget(fit: Fit) -> None:
    def slow(config: dict[str, Any]) -> None:
        while True:
            time.sleep(0.01)
            tune.report({"a": 1.0})

    began = time.monotonic()
    (result,) = fit(slow, time_budget_s=0.3)
    assert time.monotonic() - began < 10
    assert result.state is TrialState.COMPLETE


def test_checkpoints_that_are_too_many_go(fit: Fit) -> None:
    config = tune.CheckpointConfig(num_to_keep=2)
    (result,) = fit(counting, stop={"training_iteration": 9}, checkpoint_config=config)
    kept = [Path(checkpoint.path).name for checkpoint, _ in result.best_checkpoints]
    assert kept == ["checkpoint_000006", "checkpoint_000008"]
    best = tune.CheckpointConfig(num_to_keep=2, checkpoint_score_attribute="score")
    (result,) = fit(
        counting,
        {"slope": -1.0},
        stop={"training_iteration": 9},
        checkpoint_config=best,
        name="best",
    )
    kept = [Path(checkpoint.path).name for checkpoint, _ in result.best_checkpoints]
    assert kept == ["checkpoint_000002", "checkpoint_000008"]
    found = result.get_best_checkpoint("score", "max")
    assert found is not None
    assert found.path.endswith("checkpoint_000002")


# ---------------------------------------------------------------- going on


def test_two_drivers(fit: Fit, tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run"):
        script = (
            "import sys; from pathlib import Path; from trimtab.tune.folder import RunFolder\n"
            "RunFolder(Path(sys.argv[1]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "run")],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"driven by process {os.getpid()} on {socket.gethostname()}" in done.stderr
    with pytest.raises(RunInUse), RunFolder(tmp_path / "run"):
        RunFolder(tmp_path / "run")


def test_a_name_is_used_once(fit: Fit) -> None:
    fit(lambda config: 1)
    with pytest.raises(InvalidArgument, match="restore"):
        fit(lambda config: 1)


def test_what_is_no_run(tmp_path: Path) -> None:
    assert not Tuner.can_restore(tmp_path)
    with pytest.raises(InvalidArgument, match="path"):
        Tuner.restore(tmp_path, counting)


def test_failed_trials_go_on_or_begin_anew(fit: Fit, tmp_path: Path) -> None:
    stop = {"training_iteration": 6}
    fit(counting, {"raise": [5]}, stop=stop)
    assert Tuner.can_restore(tmp_path / "run")
    again = Tuner.restore(tmp_path / "run", counting).fit()
    assert [result.state for result in again] == [TrialState.FAIL]
    resumed = Tuner.restore(
        tmp_path / "run", lambda config: counting({**config, "raise": []}), resume_errored=True
    )
    (result,) = resumed.fit()
    assert result.state is TrialState.COMPLETE
    assert [report["count"] for report in result.reports] == [1, 2, 3, 4, 5, 6]

    fit(counting, {"raise": [5]}, stop=stop, name="other")
    restarted = Tuner.restore(
        tmp_path / "other", lambda config: counting({**config, "raise": []}), restart_errored=True
    )
    assert [result.state for result in restarted.fit()] == [TrialState.FAIL, TrialState.COMPLETE]


def test_a_disk_budget_counts_what_was_kept_before_the_run_was_taken_up_again(
    fit: Fit, tmp_path: Path
) -> None:
    # A checkpoint here is one byte: trial 0 leaves two, trial 1 fails when it has made one.
    fit(
        counting,
        {"raise": tune.grid_search([[], [3]])},
        stop={"training_iteration": 4},
        checkpoint_config=tune.CheckpointConfig(max_bytes=3),
    )
    kept = [
        path.name for path in sorted((tmp_path / "run").glob("*/checkpoint_*")) if path.is_dir()
    ]
    assert kept == ["checkpoint_000002", "checkpoint_000004", "checkpoint_000002"]
    mended = Tuner.restore(
        tmp_path / "run", lambda config: counting({**config, "raise": []}), resume_errored=True
    )
    again = mended.fit()
    assert [result.state for result in again] == [TrialState.COMPLETE] * 2
    kept = [
        path.name for path in sorted((tmp_path / "run").glob("*/checkpoint_*")) if path.is_dir()
    ]
    assert kept == ["checkpoint_000004", "checkpoint_000002", "checkpoint_000004"]


def test_what_was_not_stored_is_asked_for(fit: Fit, tmp_path: Path) -> None:
    space = {"a": tune.sample_from(lambda config: 3), "b": {"c": tune.grid_search([1, 2])}}
    fit(
        counting,
        {**space, "raise": [1]},
        stop=lambda *_: True,
        failure_config=FailureConfig(fail_fast=True),
    )
    with pytest.raises(ValueError, match=r"`run_config`.*`stop`"):
        Tuner.restore(tmp_path / "run", counting)
    again = RunConfig(stop={"training_iteration": 2})
    # Every trial was begun or waits: nothing of the space is needed.
    found = Tuner.restore(tmp_path / "run", counting, run_config=again).fit()
    assert [result.state for result in found] == [TrialState.FAIL, TrialState.FAIL]


def test_results_as_tables(fit: Fit) -> None:
    found = fit(
        counting,
        {"m": {"slope": tune.grid_search([1.0, 2.0])}},
        stop={"training_iteration": 3},
        metric="score",
        mode="max",
    )
    table = found[1].metrics_dataframe
    assert list(table["count"]) == [1, 2, 3]
    assert list(table["training_iteration"]) == [1, 2, 3]
    assert set(table["config/m/slope"]) == {2.0}
    assert {"time_total_s", "time_this_iter_s", "timestamp"} <= set(table)
    whole = found.get_dataframe()
    assert list(whole["config/m/slope"]) == [1.0, 2.0]
    assert list(found.get_dataframe("score", "min")["score"]) == [1.0, 1.0]
    assert found[-1].number == 1
    with pytest.raises(IndexError):
        found[2]


@pytest.mark.parametrize(
    ("scope", "best"), [("last", 1), ("all", 0), ("avg", 1), ("last-5-avg", 1), ("last-10-avg", 1)]
)
def test_the_best_by_several_measures(fit: Fit, scope: Any, best: int) -> None:
    curves = [[9.0, 1.0, 1.0], [4.0, 4.0, 4.0], [math.nan, math.nan, math.nan]]

    def trainable(config: dict[str, Any]) -> Iterator[dict[str, float]]:
        for value in curves[config["curve"]]:
            yield {"score": value}

    found = fit(trainable, {"curve": tune.grid_search([0, 1, 2])})
    assert found.get_best_result("score", "max", scope).number == best
    with pytest.raises(InvalidArgument, match="`metric`"):
        fit(trainable, {"curve": 0}, name="other").get_best_result()
    with pytest.raises(InvalidArgument, match="scope"):
        found.get_best_result("score", "max", "best")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(RuntimeError, match="nothing"):
        found.get_best_result("nothing", "max")


def test_lineage_tells_of_everything_that_changed(fit: Fit, tmp_path: Path) -> None:
    space = {
        "slope": tune.grid_search([1.0, 2.0]),
        "deep": {"kind": tune.choice(["a", "b"]), "sizes": [tune.randint(0, 1000), 7]},
        "branch": tune.choice([{"name": "x", "depth": 1}, {"name": "y", "width": 2}]),
        "act": tune.choice([abs, round]),
        "same": {"here": 1},
    }
    scheduler = PopulationBasedTraining(
        time_attr="training_iteration", metric="score", mode="max", perturbation_interval=4,
        quantile_fraction=0.5, hyperparam_mutations={"slope": tune.uniform(0, 10)}, synch=True,
    )  # fmt: skip
    found = fit(counting, space, scheduler=scheduler, stop={"training_iteration": 8}, seed=4)
    ((step, donor, iteration, changed),) = found[0].lineage
    assert (step, donor, iteration) == (4, 1, 4)
    study = trimtab.load_study(study_name="run", storage=f"sqlite:///{tmp_path}/run/study.db")
    attrs = study.trials[0].system_attrs
    before, after = first_config(attrs), flat_config(attrs[CONFIG])
    assert set(changed) == {
        *(name for name in after if before.get(name) != after[name]),
        *(before.keys() - after.keys()),
    }
    assert set(changed) == {
        "slope", "deep/kind", "deep/sizes", "branch/name", "branch/depth", "branch/width", "act",
    }  # fmt: skip
    assert changed["act"] in ("<built-in function abs>", "<built-in function round>")
    (descent,) = descents_in(0, attrs)
    assert all(before.get(name) == old for name, (old, _) in descent.changed.items())
    replay = PopulationBasedTrainingReplay(found.policy(0))
    assert fit(counting, space, scheduler=replay, stop={"training_iteration": 8}, name="replay",
               num_samples=1).num_errors == 0  # fmt: skip


@pytest.mark.parametrize("synch", [True, False])
def test_a_population_without_end_keeps_its_size(fit: Fit, tmp_path: Path, synch: bool) -> None:
    class Enough(Stopper):
        ended = 0

        def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
            # The longer a member's number, the sooner it ends: they do not end together.
            has_done = result["training_iteration"] >= 14 - int(trial_id) % 4
            self.ended += has_done
            return bool(has_done)

        def stop_all(self) -> bool:
            return self.ended >= 8

    live: set[int] = set()
    sizes: list[int] = []

    class Heard(tune.Callback):
        def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
            live.add(trial.number)
            sizes.append(len(live))

        def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
            live.remove(trial.number)

    scheduler = PopulationBasedTraining(
        time_attr="training_iteration", metric="score", mode="max", perturbation_interval=4,
        quantile_fraction=0.5, hyperparam_mutations={"slope": tune.uniform(0, 10)}, synch=synch,
    )  # fmt: skip
    found = fit(
        counting, {"slope": tune.uniform(0, 10)}, num_samples=-1, max_concurrent_trials=3,
        scheduler=scheduler, stop=Enough(), callbacks=[Heard()],
    )  # fmt: skip
    ended = [result for result in found if result.state is TrialState.COMPLETE]
    assert len(ended) >= 8
    assert any(result.lineage for result in found)
    assert len(found) == len(ended)
    assert max(sizes) == 3


def test_a_population_without_end_needs_a_size(fit: Fit) -> None:
    scheduler = PopulationBasedTraining(hyperparam_mutations={"slope": tune.uniform(0, 10)})
    with pytest.raises(InvalidArgument, match=r"`max_concurrent_trials`.*size of the population"):
        fit(counting, num_samples=-1, scheduler=scheduler, metric="score", mode="max")


def test_names_of_trials_and_of_their_folders(fit: Fit, tmp_path: Path) -> None:
    def named(trial: Any) -> str:
        return f"{trial.trainable_name}_{trial.trial_id}"

    def trainable(config: dict[str, Any]) -> dict[str, Any]:
        context = tune.get_context()
        Path(context.get_trial_dir(), context.get_trial_name()).touch()
        return {"score": config["a"]}

    found = fit(
        trainable, {"a": tune.grid_search([1, 2]), "deep": {"b": 3}}, trial_name_creator=named,
        trial_dirname_creator=lambda trial: f"a={trial.evaluated_params['a']}",
    )  # fmt: skip
    assert [Path(result.path).name for result in found] == ["a=1", "a=2"]
    assert Path(found[1].path, "trainable_00001").exists()
    (only,) = fit(counting, {"raise": [3]}, trial_name_creator=named, name="failed")
    assert Path(only.path).name == "counting_00000"
    (_, again) = Tuner.restore(
        tmp_path / "failed",
        lambda config: counting({}),
        restart_errored=True,
        tune_config=tune.TuneConfig(executor="inline", trial_name_creator=named),
        run_config=RunConfig(stop={"training_iteration": 2}),
    ).fit()
    assert Path(again.path).name == "counting_00000_again"
    assert again.checkpoint is not None


@pytest.mark.parametrize("name", ["", "a/b", "..", 3, "x" * 256])
def test_what_is_no_name_of_a_folder(fit: Fit, name: Any) -> None:
    with pytest.raises(InvalidArgument, match="trial_dirname_creator"):
        fit(counting, trial_dirname_creator=lambda trial: name)


def test_two_trials_never_share_a_folder(fit: Fit) -> None:
    with pytest.raises(InvalidArgument, match=r"`trial_name_creator`.*another name for each"):
        fit(counting, num_samples=2, trial_name_creator=lambda trial: "one")


def test_a_result_by_its_path(fit: Fit, tmp_path: Path) -> None:
    found = fit(counting, {"slope": tune.grid_search([1.0, 2.0])}, stop={"training_iteration": 3})
    again = tune.Result.from_path(found[1].path)
    assert (again.config, again.reports) == (found[1].config, found[1].reports)
    with pytest.raises(InvalidArgument, match="folder of a trial"):
        tune.Result.from_path(tmp_path / "run" / "trial_00007")
    with pytest.raises(InvalidArgument, match="folder of a run"):
        tune.Result.from_path(tmp_path)
