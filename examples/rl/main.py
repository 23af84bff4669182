"""Train an agent, or search for its settings: a small Hydra project.

python main.py algorithm=sac env=FetchReachDense-v4
python main.py +performance=FetchReach/cleansac_mod-opti --multirun
python main.py +performance=FetchReach/cleansac_mod-test --multirun

The last two are a search for settings and a test that the agent still learns.
"""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import Any

import hydra
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

import algorithms
import environments
from trimtab.integrations.hydra import EarlyStopping, hyperopt_score, report, run_seed

log = logging.getLogger(__name__)


def train(config: DictConfig, folder: Path) -> tuple[float, int, str]:
    """Train one agent, epoch by epoch, until it is good enough or `n_epochs` are over.

    Writes `progress.csv` into `folder`, one row an epoch.

    Returns:
        Its score, the epochs it took, and the name of the run: what a sweep is told.

    Raises:
        ValueError: a setting is not possible, or a column that is asked for is not measured.
        TypeError: the agent has no such setting.
    """
    torch.set_num_threads(config.n_threads)
    seed = run_seed() if config.seed is None else config.seed
    chosen: Any = OmegaConf.to_container(config.algorithm, resolve=True)
    agent = algorithms.build(env=environments.make(config.env), seed=seed, **chosen)
    evaluated = environments.make(config.env)
    stopping = EarlyStopping(
        config.early_stop_data_column, config.early_stop_threshold, config.early_stop_last_n
    )
    judged: list[float] = []
    with (folder / "progress.csv").open("w", newline="") as file:
        for epoch in range(1, config.n_epochs + 1):
            metrics = one_epoch(agent, evaluated, config)
            rows = csv.DictWriter(file, ["epoch", *metrics])
            if epoch == 1:
                check_columns(config, metrics)
                rows.writeheader()
            rows.writerow({"epoch": epoch, **metrics})
            file.flush()
            judged.append(metrics[config.hyperopt_criterion])
            said = "  ".join(f"{name} {value:.3f}" for name, value in metrics.items())
            log.info("epoch %d of %d: %s", epoch, config.n_epochs, said)
            report(judged[-1], step=epoch)  # for a pruner
            report(metrics, step=epoch)  # for the dashboard, and for tests
            if stopping.update(metrics):
                log.info("good enough after %d epochs", epoch)
                break
    score = hyperopt_score(judged, config.early_stop_last_n, config.n_epochs)
    return score, epoch, f"{config.env}/{config.algorithm.name}/{seed}"


def one_epoch(agent: algorithms.Agent, env: Any, config: DictConfig) -> dict[str, float]:
    """Let the agent learn, then evaluate it; what came of both."""
    learnt = agent.learn(config.eval_after_n_steps)
    shown = environments.evaluate(agent, env, config.n_test_rollouts)
    return {
        **{f"train/{name}": value for name, value in learnt.items()},
        **{f"eval/{name}": value for name, value in shown.items()},
    }


def check_columns(config: DictConfig, metrics: dict[str, float]) -> None:
    """Raises ValueError where the config asks for a column that there is not."""
    for key in ("early_stop_data_column", "hyperopt_criterion"):
        if config[key] not in metrics:
            raise ValueError(f"{key}: expected one of {sorted(metrics)}, got {config[key]!r}")


@hydra.main(version_base=None, config_path="conf", config_name="main")
def main(config: DictConfig) -> tuple[float, int, str]:
    """Train in the folder that Hydra made for this run."""
    found = train(config, Path(HydraConfig.get().runtime.output_dir))
    log.info("score %.4f after %d epochs: %s", *found)
    return found


if __name__ == "__main__":
    main()
