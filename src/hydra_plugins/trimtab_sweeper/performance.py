"""What Hydra sees of performance tests: the sweeper's class and its configuration."""

from __future__ import annotations

from typing import Any

from hydra.core.config_store import ConfigStore

from hydra_plugins.trimtab_sweeper.trimtab_sweeper import TrimtabSweeper

KEYS: dict[str, Any] = {
    "total_runs": None,
    "succ_runs": None,
    "eval_columns": None,
    "eval_value": None,
    "max_steps": None,
    "n_jobs": 1,
    "max_duration_minutes": None,
    "study_name": None,
    "seed": None,
    "seed_key": None,
}
"""The keys of a performance test and their defaults."""


class TrimtabPerformance(TrimtabSweeper):
    """Tests whether a Hydra program is still as good as it was.

    Args:
        config: The keys of ``hydra.sweeper``; see the guide "Hydra sweeps".
    """

    def sweep(self, arguments: list[str]) -> Any:
        """Run the test.

        Args:
            arguments: The overrides of the command line.

        Returns:
            What ``performance_results.yaml`` says of a test that passed.

        Raises:
            SystemExit: If it did not pass, with status 1.
        """
        from hydra_plugins.trimtab_sweeper._performance import test

        if self.hydra_context is None or self.config is None or self.launcher is None:
            raise RuntimeError("`setup` comes before `sweep`.")
        loader = self.hydra_context.config_loader
        return test(self._config, arguments, self.config, loader, self.launcher)


ConfigStore.instance().store(
    group="hydra/sweeper",
    name="trimtab_performance",
    node={"_target_": f"{__name__}.{TrimtabPerformance.__name__}", **KEYS},
    provider="trimtab",
)
