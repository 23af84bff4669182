"""What the pictures of a run's lineage read: its members, and who went on from whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trimtab.records import History, TrialState
from trimtab.records.lineage import LINEAGE, Descent, descents_in, first_config
from trimtab.visualization.text import number, plain
from trimtab.visualization.thinning import Indices, ends, thin

NONE_YET = "No trial has gone on from another."
HINT = "<i>Population based training</i> draws this: see <i>trimtab.tune</i>."

_LINES = 8
"""Changed parameters that a hover text lists."""


@dataclass(frozen=True, slots=True)
class Members:
    """Trials of a run of which some went on from others.

    Attributes:
        history: Theirs.
        numbers: Shape (k,), ascending.
        total: How many there were before some were chosen.
        descents: Theirs, by trial, in order.
    """

    history: History
    numbers: Indices
    total: int
    descents: Mapping[int, list[Descent]]

    def first(self, trial: int) -> dict[str, Any]:
        """The config that a trial began with, flat."""
        return first_config(self.history.system_attrs(trial))

    def last_step(self, trial: int) -> int:
        """A trial's newest report; 0: none."""
        return self.history.last_step(trial) or 0


def members_of(history: History, limit: int) -> Members | None:
    """The members of a run; None where none went on from another.

    Args:
        history: Of the study.
        limit: How many at most; those come first that went on from others or were gone on from.
    """
    usable = history.usable(*TrialState)
    there = set(usable.tolist())
    descents = {}
    for trial in history.with_system_attrs():
        attrs = history.system_attrs(trial)
        if trial in there and attrs.get(LINEAGE):
            descents[trial] = descents_in(trial, attrs)
    descents = {trial: found for trial, found in descents.items() if found}
    if not descents:
        return None
    related = descents.keys() | {each.donor for found in descents.values() for each in found}
    started = usable[history.started[usable] > 0]
    marks = [np.nonzero(np.isin(started, list(related)))[0], ends(len(started))]
    chosen = started[thin(len(started), marks, limit)]
    shown = set(chosen.tolist())
    kept = {trial: found for trial, found in sorted(descents.items()) if trial in shown}
    return Members(history, chosen, len(started), kept)


def told(descent: Descent) -> str:
    """What happened, as hover text."""
    lines = [
        f"<b>Trial {descent.trial}</b> after step {descent.step}",
        f"went on from <b>trial {descent.donor}</b> (iteration {descent.iteration})",
    ]
    changes = list(descent.changed.items())
    lines += [
        f"{plain(name)}: {value_text(a)} → {value_text(b)}" for name, (a, b) in changes[:_LINES]
    ]
    if len(changes) > _LINES:
        lines.append(f"… and {len(changes) - _LINES} more")
    return "<br>".join(lines)


def value_text(value: Any) -> str:
    """A value of a config, in a few characters."""
    if isinstance(value, float):
        return number(value)
    return plain("–" if value is None else value, 24)
