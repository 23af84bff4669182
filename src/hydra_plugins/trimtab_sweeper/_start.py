"""From Hydra's configuration to a running sweep, and to what it leaves behind."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from hydra_plugins.trimtab_sweeper._jobs import Jobs
from hydra_plugins.trimtab_sweeper._settings import Settings
from hydra_plugins.trimtab_sweeper._space import dimensions

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from hydra.plugins.launcher import Launcher
    from omegaconf import DictConfig

_logger = logging.getLogger(__name__)


def sweep(
    keys: Mapping[str, Any],
    arguments: Sequence[str],
    config: DictConfig,
    config_loader: ConfigLoader,
    launcher: Launcher,
) -> Any:
    """Run a sweep.

    Args:
        keys: Those of ``hydra.sweeper``.
        arguments: Overrides of the command line.
        config: Hydra's whole configuration.
        config_loader: Hydra's.
        launcher: Launches the jobs.

    Returns:
        See `TrimtabSweeper.sweep`.
    """
    settings = Settings.of(_plain(keys))
    varied = dimensions(settings.search_space, settings.params, arguments, config_loader)
    folder = Path(str(config.hydra.sweep.dir))
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / "multirun.yaml")
    with Jobs(launcher.launch) as jobs:
        # Only now: what follows opens connections, which the jobs are not to share.
        from hydra_plugins.trimtab_sweeper._run import run

        return run(settings, varied, jobs, folder, config, str(config.hydra.job.name))


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
        for key, value in config.items()
    }
