"""A sweep on its study: opened or gone on with, run, summed up."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from hydra_plugins.trimtab_sweeper._arms import Arms
from hydra_plugins.trimtab_sweeper._jobs import Jobs
from hydra_plugins.trimtab_sweeper._make import make_pruner, make_sampler
from hydra_plugins.trimtab_sweeper._propose import NewPoints, Region
from hydra_plugins.trimtab_sweeper._results import results, write_figures, write_results
from hydra_plugins.trimtab_sweeper._settings import Settings
from hydra_plugins.trimtab_sweeper._space import Dimensions
from hydra_plugins.trimtab_sweeper._stop import Signals, Stop
from hydra_plugins.trimtab_sweeper._sweep import Sweep
from hydra_plugins.trimtab_sweeper._tracking import TrackedSweep
from trimtab.errors import FailureRateExceeded, InvalidArgument, WrongStatus
from trimtab.integrations.tracking import trackers
from trimtab.records import Outcome, StudyDirection, TrialState
from trimtab.samplers.racing import Race
from trimtab.space import Distribution, Space
from trimtab.space.foreign import to_optuna
from trimtab.study import Study, Trial, create_study
from trimtab.study.leases import reclaim_dead

_logger = logging.getLogger(__name__)

SPACE: Final = "hydra:space"
"""System attribute of a study: the search space of its sweep."""


def run(
    settings: Settings, varied: Dimensions, jobs: Jobs, folder: Path, config: Any, job_name: str
) -> dict[str, Any]:
    """Run a sweep to its end.

    Args:
        settings: Of the sweep.
        varied: What varies.
        jobs: Run them.
        folder: The sweep directory.
        config: Hydra's whole configuration.
        job_name: Of the program: the study's where it has no other.

    Returns:
        The winner, as ``optimization_results.yaml`` names it.
    """
    space = Space(varied.distributions())
    region = Region.of(space, settings.constraints)
    sign = -1.0 if settings.directions[0] is StudyDirection.MAXIMIZE else 1.0
    arms = Arms(Race(settings.minimum, settings.maximum), settings.retries, sign)
    base = make_sampler(settings.sampler, settings.seed, space, region.parameter_constraints)
    custom = custom_space(settings.custom_search_space, config)
    name = settings.study_name or job_name
    study = create_study(
        study_name=name,
        storage=settings.storage or _file(settings, name, folder),
        sampler=NewPoints(base, region, arms.knows),
        pruner=make_pruner(settings.pruner),
        directions=settings.directions,
        load_if_exists=True,
    )
    _check_space(study, space)
    _end_lost(study)
    _take_up(study, arms, space)
    tracked = TrackedSweep(study, trackers(settings.tracking))
    with Stop(settings.seconds, Path.cwd()) as stop, Signals() as signals:
        sweep = Sweep(study, jobs, arms, varied, settings, custom, stop, signals, tracked.tell)
        try:
            with tracked:
                sweep.run()
        finally:
            found = results(study, arms)
            write_results(found, study, folder)
            if settings.figures and study.history.usable(TrialState.COMPLETE).size:
                write_figures(study, folder / "figures")
            _log_best(found)
            study.storage.close()
    if arms.runs and arms.failures == arms.runs:
        raise FailureRateExceeded(
            f"All {arms.runs} runs failed; the last one: {sweep.last_failure or 'see the study'}."
        )
    return found


def custom_space(path: str | None, config: Any) -> Callable[[Trial], None]:
    """The function that suggests further parameters of a trial.

    Args:
        path: ``module.function``; None: there is none.
        config: Hydra's whole configuration, its first argument.

    Raises:
        InvalidArgument: If it cannot be found.
    """
    if path is None:
        return lambda trial: None
    module, _, name = path.rpartition(".")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidArgument(
            "custom_search_space", "module.function, to be imported from here", path
        ) from error
    return lambda trial: function(config, trial)


def _file(settings: Settings, name: str, folder: Path) -> str:
    return f"sqlite:///{name}.db" if settings.study_name else f"sqlite:///{folder / name}.db"


def _check_space(study: Study, space: Space) -> None:
    """Refuse a study of another search space; a new one remembers its own."""
    ours = _spelled(space)
    theirs = study.system_attrs.get(SPACE)
    if theirs is None and len(study.history.space):  # a study from another door
        known = study.history.space
        theirs = _spelled({name: known[name] for name in known if name in space} or known)
    if theirs is None:
        study.set_system_attr(SPACE, ours)
    elif theirs != ours:
        raise InvalidArgument(
            "study_name",
            f"another name than {study.study_name!r}, or the search space of that study, {theirs}",
            ours,
        )


def _spelled(space: Mapping[str, Distribution]) -> str:
    return json.dumps({name: to_optuna(d) for name, d in space.items()}, sort_keys=True)


def _end_lost(study: Study) -> None:
    """End what a sweep that was killed left running."""
    reclaim_dead(study.storage, study.study_id)
    for held in study.storage.leases(study.study_id):
        if held.remaining is None or held.remaining > 0.0:
            raise WrongStatus(
                f"The study {study.study_name!r} is in use: trial {held.number} is run by "
                f"{held.worker or 'someone'}. Wait for it, or choose another `study_name`."
            )
        lost = Outcome(TrialState.FAIL, reason="the sweep ended while it ran")
        study.storage.finish(study.study_id, held.number, held.attempt, lost)


def _take_up(study: Study, arms: Arms, space: Space) -> None:
    """Learn what was run before."""
    for trial in study.get_trials():
        if trial.state.is_finished() and set(space) <= set(trial.space):
            arms.begin(trial)
            arms.end(trial)


def _log_best(found: Mapping[str, Any]) -> None:
    if "solutions" in found:
        _logger.info("Best parameters: %s", [one["params"] for one in found["solutions"]])
        _logger.info("Best values: %s", [one["values"] for one in found["solutions"]])
    elif found["best_params"] is None:
        _logger.warning("No parameterization has been run often enough to name a best one.")
    else:
        _logger.info("Best parameters: %s", found["best_params"])
        _logger.info("Best value: %s", found["best_value"])
        if found["best_sem"] is not None:
            _logger.info("Standard error: %.4g, of %d runs", found["best_sem"], found["runs"])
