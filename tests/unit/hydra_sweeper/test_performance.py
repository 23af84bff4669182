"""Performance tests, with functions for jobs and once through Hydra itself."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hydra_plugins.trimtab_sweeper._conditions import Conditions
from hydra_plugins.trimtab_sweeper._jobs import Jobs
from hydra_plugins.trimtab_sweeper._performance import PerformanceTest, results
from hydra_plugins.trimtab_sweeper._stop import Signals
from tests.unit.hydra_sweeper.launchers import launching
from tests.unit.hydra_sweeper.programs import call, write
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.integrations.hydra import report, run_seed

TWO_OF_THREE = {"total_runs": 3, "succ_runs": 2, "eval_value": 0.9}


def judged(job: Callable[..., Any], **keys: Any) -> PerformanceTest:
    conditions = Conditions.of({**TWO_OF_THREE, **keys}, {})
    with Jobs(launching(job)) as jobs, Signals() as signals:
        running = PerformanceTest(conditions, (), jobs, signals)
        running.run()
    return running


def of_each(*values: Any) -> Callable[[int], Any]:
    return lambda number: values[number]


class TestDecision:
    def test_enough_good_runs_pass_and_end_it_early(self) -> None:
        running = judged(of_each(0.9, 1.0, 0.0))
        assert running.passed is True
        assert [run.values for run in running.ended] == [{"": 0.9}, {"": 1.0}]

    def test_too_few_that_can_still_come_fail_and_end_it_early(self) -> None:
        running = judged(of_each(0.89, math.nan, 1.0))
        assert running.passed is False
        assert len(running.ended) == 2

    def test_one_bad_run_leaves_it_open(self) -> None:
        running = judged(of_each(0.0, 1.0, 1.0))
        assert running.passed is True
        assert len(running.ended) == 3

    def test_a_run_that_raises_was_not_good_enough(self) -> None:
        def job(number: int) -> float:
            if number == 0:
                raise ValueError("by chance")
            return 1.0

        running = judged(job)
        assert running.passed is True
        assert "by chance" in str(running.ended[0].reason)

    def test_what_is_still_running_does_not_delay_the_verdict(self) -> None:
        def job(number: int) -> float:
            if number == 2:
                time.sleep(60.0)
            return 1.0

        began = time.monotonic()
        running = judged(job, n_jobs=3)
        assert running.passed is True
        assert time.monotonic() - began < 30.0

    def test_a_signal_ends_it_undecided(self) -> None:
        def job(number: int) -> float:
            os.kill(sweep, signal.SIGINT)
            time.sleep(60.0)
            return 1.0

        sweep = os.getpid()
        running = judged(job)
        assert running.passed is None
        assert running.ended == []

    def test_a_job_that_is_killed_was_not_good_enough(self) -> None:
        def job(number: int) -> float:
            if number == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return 1.0

        running = judged(job)
        assert running.passed is True
        assert running.ended[0].reason == "it was killed by SIGKILL"

    def test_a_test_that_is_undecided_when_time_is_over_did_not_pass(self) -> None:
        def job(number: int) -> float:
            time.sleep(60.0)
            return 1.0

        running = judged(job, max_duration_minutes=0.3 / 60)
        assert running.passed is None
        assert running.ended == []


class TestValues:
    def test_the_last_report_of_a_metric_counts(self) -> None:
        def job(number: int) -> tuple[float, int, str]:
            for step in range(3):
                report({"eval/success_rate": step / 2, "other": 0.0}, step)
            return 0.1, 3, "a run of nobody's"

        running = judged(job, eval_columns="eval/success_rate")
        assert running.passed is True
        assert running.ended[0].values == {"eval/success_rate": 1.0}

    def test_all_of_several_metrics_count(self) -> None:
        job = of_each({"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}, {"a": 1.0, "b": 1.0})
        running = judged(job, eval_columns=["a", "b"])
        assert [run.passed for run in running.ended] == [False, False]

    @pytest.mark.parametrize("returned", [{"b": 1.0}, 1.0, {"a": "1.0"}])
    def test_a_metric_that_is_not_there_is_named(self, returned: Any) -> None:
        running = judged(lambda number: returned, eval_columns="a")
        assert running.passed is False
        assert "'a'" in str(running.ended[0].reason)

    @pytest.mark.parametrize("returned", [None, "good", True])
    def test_without_metrics_a_number_is_to_be_returned(self, returned: Any) -> None:
        running = judged(lambda number: returned)
        assert "no number" in str(running.ended[0].reason)

    def test_seeds_follow_one_another_and_are_kept(self) -> None:
        running = judged(lambda number: float(run_seed()), seed=7, eval_value=0)
        assert [(run.seed, run.values[""]) for run in running.ended] == [(7, 7.0), (8, 8.0)]
        found = results("t", Conditions.of(TWO_OF_THREE, {}), running)
        assert [run["seed"] for run in found["runs"]] == [7, 8]
        assert found["passed"] is True


class TestConditions:
    def test_steps_become_epochs(self) -> None:
        conditions = Conditions.of({**TWO_OF_THREE, "max_steps": 10_000}, {})
        assert conditions.overrides({"eval_after_n_steps": 2000}) == ["++n_epochs=5"]
        with pytest.raises(InvalidArgument, match="eval_after_n_steps"):
            conditions.overrides({})
        with pytest.raises(InvalidArgument, match="one epoch"):
            conditions.overrides({"eval_after_n_steps": 20_000})

    def test_early_stopping_is_told_where_the_program_has_it(self) -> None:
        conditions = Conditions.of({**TWO_OF_THREE, "eval_columns": "eval/success_rate"}, {})
        known = {"early_stop_threshold": 0.6, "early_stop_data_column": "x"}
        assert conditions.overrides(known) == [
            "early_stop_threshold=0.9",
            "early_stop_data_column=eval/success_rate",
        ]
        assert conditions.overrides({}) == []

    def test_they_may_be_apart_and_those_of_the_sweeper_go_first(self) -> None:
        searching = {"search_space": {"x": "interval(0, 1)"}, "sampler": "tpe", "succ_runs": None}
        conditions = Conditions.of({**searching, "total_runs": 5}, TWO_OF_THREE)
        assert (conditions.total_runs, conditions.succ_runs) == (5, 2)

    @pytest.mark.parametrize(
        ("keys", "error", "says"),
        [
            ({"total_run": 3}, InvalidArgument, "`total_runs`, perhaps"),
            ({"succ_runs": None}, InvalidArgument, "succ_runs"),
            ({"succ_runs": 4}, InvalidArgument, "at most `total_runs`, 3"),
            ({"total_runs": 0}, InvalidArgument, "total_runs"),
            ({"eval_value": "0.9"}, InvalidType, "eval_value"),
            ({"eval_columns": [1]}, InvalidType, "eval_columns"),
            ({"n_jobs": 0}, InvalidArgument, "n_jobs"),
            ({"max_duration_minutes": 0}, InvalidArgument, "max_duration_minutes"),
            ({"max_steps": 0}, InvalidArgument, "max_steps"),
            ({"seed": -1}, InvalidArgument, "seed"),
            ({"seed_key": 1}, InvalidType, "seed_key"),
        ],
    )
    def test_bad_conditions_are_named(
        self, keys: dict[str, Any], error: type[Exception], says: str
    ) -> None:
        with pytest.raises(error, match=says):
            Conditions.of({**TWO_OF_THREE, **keys}, {})

    def test_a_wrong_key_apart_is_named_too(self) -> None:
        with pytest.raises(InvalidArgument, match="performance_testing_conditions"):
            Conditions.of({}, {**TWO_OF_THREE, "n_jobs": 2})


PROGRAM = """
import hydra

@hydra.main(version_base="1.3", config_path="conf", config_name="main")
def main(cfg):
    assert cfg.n_epochs == 4
    return {"eval/success_rate": cfg.good}

if __name__ == "__main__":
    main()
"""
MAIN = """
defaults:
  - _self_
  - override hydra/sweeper: trimtab
  - override hydra/job_logging: stdout
good: 1.0
n_epochs: 60
eval_after_n_steps: 2000
hydra:
  sweep: {dir: out}
"""
AS_THE_SEED_HAS_IT = """
# @package _global_
performance_testing_conditions:
  total_runs: 3
  succ_runs: 2
  eval_columns: eval/success_rate
  eval_value: 0.9
  max_steps: 8_000
hydra:
  sweeper:
    n_jobs: 3
    _target_: hydra_plugins.trimtab_sweeper.performance.TrimtabPerformance
    study_name: sac-test
"""
BY_ITS_NAME = """
# @package _global_
hydra:
  sweeper: {total_runs: 3, succ_runs: 2, eval_columns: eval/success_rate, eval_value: 0.9,
            max_steps: 8000}
"""

BY_NAME = "hydra/sweeper=trimtab_performance"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A Hydra program with a test in both forms."""
    write(
        tmp_path,
        main__py=PROGRAM,
        conf___main__yaml=MAIN,
        conf___performance___seed__yaml=AS_THE_SEED_HAS_IT,
        conf___performance___name__yaml=BY_ITS_NAME,
    )
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["+performance=seed"], 0, "Performance test sac-test successful"),
        (
            ["hydra/sweeper=trimtab_performance", "+performance=name", "good=0.5"],
            1,
            "Performance test main failed",
        ),
    ],
)
def test_through_hydra_the_exit_status_tells(
    program: Path, arguments: list[str], status: int, says: str
) -> None:
    assert says in call(program, *arguments, "--multirun", status=status)
    found = yaml.safe_load((program / "out" / "performance_results.yaml").read_text())
    assert found["passed"] is (status == 0)
    assert len(found["runs"]) in (2, 3)  # the third may end at the same moment
