"""The training function and its configs."""

from __future__ import annotations

import csv
import inspect
from pathlib import Path
from typing import Any

import pytest

from tests.rl import EXAMPLE, example

hydra: Any = example("hydra")
main = example("main")
algorithms = example("algorithms")

CONFIGS = sorted(
    str(path.relative_to(EXAMPLE / "conf/performance").with_suffix(""))
    for path in (EXAMPLE / "conf/performance").glob("*/*.yaml")
)


def configured(*overrides: str) -> Any:
    """What `main.py` would be given."""
    with hydra.initialize_config_dir(str(EXAMPLE / "conf"), version_base=None):
        return hydra.compose("main", list(overrides))


BRIEF = [
    "algorithm=dqn",
    "env=CartPole-v1",
    "eval_after_n_steps=60",
    "n_test_rollouts=2",
    "n_epochs=3",
    "algorithm.learning_starts=50",
    "early_stop_data_column=eval/return",
    "early_stop_threshold=500",
    "hyperopt_criterion=eval/return",
    "seed=1",
]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "progress.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_trains_evaluates_and_returns_its_score(tmp_path: Path) -> None:
    score, epochs, name = main.train(configured(*BRIEF), tmp_path)
    written = rows(tmp_path)
    assert [row["epoch"] for row in written] == ["1", "2", "3"]
    assert set(written[0]) == {"epoch", "train/rollout_rewards_mean", "eval/return"}
    assert all(8 <= float(row["eval/return"]) <= 500 for row in written)
    assert (epochs, name) == (3, "CartPole-v1/dqn/1")
    assert score > 0
    again = tmp_path / "again"
    again.mkdir()
    assert main.train(configured(*BRIEF), again)[0] == score
    assert rows(again) == written


def test_a_run_that_is_good_enough_ends_early(tmp_path: Path) -> None:
    config = configured(*BRIEF, "early_stop_threshold=8", "early_stop_last_n=2")
    assert main.train(config, tmp_path)[1] == 2


def test_sparse_fetchreach_with_hindsight(tmp_path: Path) -> None:
    """The mechanics on the real environment; what it learns with more steps is in `make rl`."""
    config = configured(
        "+performance=FetchReach/cleansac_mod-opti",
        "algorithm.critic_select=max",
        "algorithm.learning_starts=100",
        "eval_after_n_steps=100",
        "n_epochs=2",
        "n_test_rollouts=1",
        "seed=0",
    )
    score, epochs, name = main.train(config, tmp_path)
    assert (epochs, name) == (2, "FetchReach-v4/cleansac_mod/0")
    for row in rows(tmp_path):
        assert -50 <= float(row["eval/return"]) <= 0
        assert float(row["eval/success_rate"]) in {0.0, 1.0}
    assert score >= 0


@pytest.mark.parametrize(
    ("override", "error", "message"),
    [
        ("hyperopt_criterion=eval/reward", ValueError, "hyperopt_criterion: expected one of"),
        ("early_stop_data_column=x", ValueError, "early_stop_data_column: expected one of"),
        ("algorithm.name=ppo", ValueError, "algorithm.name: expected one of"),
        ("+algorithm.rate=1", TypeError, "rate"),
    ],
)
def test_what_cannot_be_is_refused(
    override: str, error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        main.train(configured(*BRIEF, override), tmp_path)


@pytest.mark.parametrize("name", ["cleansac", "cleansac_mod", "dqn"])
def test_an_algorithms_config_names_its_settings(name: str) -> None:
    given = set(configured(f"algorithm={name}").algorithm) - {"name"}
    kinds = inspect.getmro(algorithms.ALGORITHMS[name])
    known = {
        parameter.name
        for kind in kinds
        for parameter in inspect.signature(kind).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert given == known


@pytest.mark.parametrize("name", CONFIGS)
def test_every_performance_config_fits_its_algorithm(name: str) -> None:
    with hydra.initialize_config_dir(str(EXAMPLE / "conf"), version_base=None):
        config = hydra.compose("main", [f"+performance={name}"], return_hydra_config=True)
    assert name.startswith(config.env.split("-")[0].removesuffix("Dense"))
    assert name.rpartition("/")[2].startswith(config.algorithm.name)
    sweeper = config.hydra.sweeper
    assert sweeper._target_.startswith("hydra_plugins.trimtab_sweeper.")
    for key in sweeper.get("search_space") or {}:
        assert key.removeprefix("++algorithm.") in config.algorithm, key
