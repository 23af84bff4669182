"""Whole sweeps in this process and its children, without Hydra."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra_plugins.trimtab_sweeper._jobs import Jobs
from hydra_plugins.trimtab_sweeper._run import run
from hydra_plugins.trimtab_sweeper._settings import Settings
from hydra_plugins.trimtab_sweeper._space import dimensions
from tests.unit.hydra_sweeper.launchers import launching
from trimtab.records import FrozenTrial
from trimtab.study import Study, load_study

X = {"x": {"type": "float", "low": 0.0, "high": 1.0}}
CHOICE = {"kind": {"type": "categorical", "choices": ["a", "b"]}}


def sweep(job: Callable[..., Any], search_space: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A sweep whose study and files are in the working directory."""
    given = {"study_name": "s", "seed": 1, "sampler": "random", "figures": False, **keys}
    settings = Settings.of({"search_space": search_space, **given})
    varied = dimensions(settings.search_space, settings.params, [], None)
    with Jobs(launching(job)) as jobs:
        return run(settings, varied, jobs, Path.cwd(), None, "program")


def study(name: str = "s") -> Study:
    """The study that the sweeps of this directory keep."""
    return load_study(study_name=name, storage=f"sqlite:///{name}.db")


def trials(name: str = "s") -> list[FrozenTrial]:
    """Its trials."""
    opened = study(name)
    try:
        return opened.trials
    finally:
        opened.storage.close()
