"""What a sweep leaves behind in its directory."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from hydra_plugins.trimtab_sweeper._arms import Arms
from trimtab.errors import TrimtabError, TrimtabWarning
from trimtab.query.export import export
from trimtab.study import Study

_logger = logging.getLogger(__name__)

_FIGURES: Final = (
    "optimization_history",
    "param_importances",
    "parallel_coordinate",
    "slice",
    "timeline",
)
_FIGURES_OF_SEVERAL: Final = ("pareto_front", "timeline")


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


def write_results(found: Mapping[str, Any], study: Study, folder: Path) -> None:
    """Write ``optimization_results.yaml`` and ``trials.csv`` into a folder."""
    text = yaml.safe_dump(dict(found), sort_keys=False, allow_unicode=True)
    (folder / "optimization_results.yaml").write_text(text)
    with (folder / "trials.csv").open("w", newline="") as file:
        file.writelines(export(study.history, study, "csv"))


def write_figures(study: Study, folder: Path) -> None:
    """Write the study's figures as HTML, and as PNG where kaleido is installed.

    They are a convenience: what goes wrong with one is logged and does not end the sweep.
    """
    if importlib.util.find_spec("plotly") is None:
        return
    from trimtab import visualization

    names = _FIGURES if len(study.directions) == 1 else _FIGURES_OF_SEVERAL
    folder.mkdir(exist_ok=True)
    as_png = importlib.util.find_spec("kaleido") is not None
    for name in names:
        try:
            with warnings.catch_warnings():
                # Of few or equal runs there is little to see; nobody asked for this very figure.
                warnings.simplefilter("ignore", TrimtabWarning)
                figure = getattr(visualization, f"plot_{name}")(study)
            # The script beside them once, rather than 4 MB of it in each.
            figure.write_html(folder / f"{name}.html", include_plotlyjs="directory")
            if as_png:
                figure.write_image(folder / f"{name}.png")
        except (TrimtabError, OSError, RuntimeError, ValueError) as error:
            _logger.warning("The figure %s could not be written: %s", name, error)
