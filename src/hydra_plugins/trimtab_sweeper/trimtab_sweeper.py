"""What Hydra sees: the sweeper's class, its configuration and the groups it may be chosen from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper

if TYPE_CHECKING:
    from hydra.plugins.launcher import Launcher
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

KEYS: dict[str, Any] = {
    "study_name": None,
    "storage": None,
    "direction": "minimize",
    "max_trials": None,
    "n_trials": None,
    "n_jobs": 1,
    "max_duration_minutes": None,
    "min_trials_per_param": None,
    "max_trials_per_param": None,
    "search_space": {},
    "params": {},
    "custom_search_space": None,
    "constraints": [],
    "pruner": None,
    "metric": None,
    "seed": None,
    "seed_key": None,
    "tracking": None,
    "retries": 1,
    "max_failure_rate": 1.0,
    "figures": True,
}
"""The sweeper's keys and their defaults, but for `sampler`, which is a group of its own."""

SAMPLERS = {
    "auto": "AutoSampler",
    "tpe": "TPESampler",
    "gp": "GPSampler",
    "random": "RandomSampler",
    "cmaes": "CmaEsSampler",
    "nsgaii": "NSGAIISampler",
    "nsgaiii": "NSGAIIISampler",
    "qmc": "QMCSampler",
    "grid": "GridSampler",
    "bruteforce": "BruteForceSampler",
}
"""Names of samplers and the classes of `trimtab.samplers` that they stand for."""


class TrimtabSweeper(Sweeper):
    """Tunes a Hydra program.

    Args:
        config: The keys of ``hydra.sweeper``; see the guide "Hydra sweeps".
    """

    def __init__(self, **config: Any) -> None:
        self._config = config
        self.hydra_context: HydraContext | None = None
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take over Hydra's parts, and make the launcher."""
        from hydra.core.plugins import Plugins

        self.hydra_context = hydra_context
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Run the sweep.

        Args:
            arguments: The overrides of the command line.

        Returns:
            What ``optimization_results.yaml`` says.
        """
        from hydra_plugins.trimtab_sweeper._start import sweep

        if self.hydra_context is None or self.config is None or self.launcher is None:
            raise RuntimeError("`setup` comes before `sweep`.")
        loader = self.hydra_context.config_loader
        return sweep(self._config, arguments, self.config, loader, self.launcher)


def _register() -> None:
    store = ConfigStore.instance()
    store.store(
        group="hydra/sweeper",
        name="trimtab",
        node={
            "defaults": ["_self_", {"sampler": "tpe"}],
            "_target_": f"{__name__}.{TrimtabSweeper.__name__}",
            "_recursive_": False,  # what `sampler` and `pruner` name is made by us, not by Hydra
            **KEYS,
        },
        provider="trimtab",
    )
    known = store.repo.get("hydra", {}).get("sweeper", {}).get("sampler", {})
    for name, target in SAMPLERS.items():
        if f"{name}.yaml" not in known:  # Hydra's Optuna sweeper, where it is there, has its own
            store.store(
                group="hydra/sweeper/sampler",
                name=name,
                node={"_target_": f"trimtab.samplers.{target}"},
                provider="trimtab",
            )


_register()
