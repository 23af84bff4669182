"""What a sweep leaves behind in its directory."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hydra_plugins.trimtab_sweeper._arms import Arms
from trimtab.study import Study

_logger = logging.getLogger(__name__)


def results(study: Study, arms: Arms) -> dict[str, Any]:
    """The winner, in the words of the file ``optimization_results.yaml``."""
    found: dict[str, Any] = {"name": "trimtab", "study_name": study.study_name}
    if len(study.directions) > 1:
        found["solutions"] = [
            {"params": dict(trial.params), "values": list(trial.values or ())}
            for trial in study.best_trials
        ]
        return found
    best = arms.best()
    if best is None:
        return {**found, "best_params": None, "best_value": None}
    return {
        **found,
        "best_params": dict(best.params),
        "best_value": arms.mean(best),
        "best_sem": best.sem,
        "runs": len(best.losses),
        "trials": sorted(best.losses),
    }


def write_results(found: Mapping[str, Any], folder: Path) -> None:
    """Write ``optimization_results.yaml``."""
    path = folder / "optimization_results.yaml"
    path.write_text(yaml.safe_dump(dict(found), sort_keys=False, allow_unicode=True))
