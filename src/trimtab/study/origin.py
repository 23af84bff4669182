"""Where a trial's parameters come from: the sampler that proposed them, or who gave them.

A study keeps the name of the sampler with which it was created, and a trial only that of another
one. So hardly any trial keeps anything, and asking costs what it did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trimtab.records import FrozenTrial
from trimtab.samplers import Sampler
from trimtab.samplers.arms import REPLICATE_OF
from trimtab.study.trial import FIXED_PARAMS

SAMPLER: Final = "sampler"
"""The system attribute of a study or a trial with the name of a sampler's class."""

QUEUED: Final = "queued"
ADDED: Final = "added"
REPLICATE: Final = "replicate"


def name_of(sampler: Sampler) -> str:
    """What a sampler is called here: its class, or that of the one of Optuna's that it adapts."""
    return type(sampler.foreign or sampler).__name__


def marked_as_added(trial: FrozenTrial) -> FrozenTrial:
    """A trial that no sampler of its study proposed, unless it tells of its origin itself."""
    attrs = trial.system_attrs
    if SAMPLER in attrs or FIXED_PARAMS in attrs or REPLICATE_OF in attrs:
        return trial
    return trial.replace(system_attrs={**attrs, SAMPLER: ADDED})


def origin_of(trial_attrs: Mapping[str, Any], study_attrs: Mapping[str, Any]) -> str | None:
    """The name of the sampler's class, ``"queued"``, ``"added"`` or ``"replicate"``.

    Args:
        trial_attrs: System attributes of the trial.
        study_attrs: Those of its study.

    Returns:
        None where it is not known: in a study that was created without a sampler.
    """
    if FIXED_PARAMS in trial_attrs:
        return QUEUED
    if REPLICATE_OF in trial_attrs:
        return REPLICATE
    name = trial_attrs.get(SAMPLER, study_attrs.get(SAMPLER))
    return name if isinstance(name, str) else None
