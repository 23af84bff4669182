"""The trials of a run while they live."""

from __future__ import annotations

import enum
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from trimtab.errors import ArtifactDamaged
from trimtab.records import FrozenTrial, Report, TrialState
from trimtab.records.lineage import BEGAN, CONFIG, LINEAGE
from trimtab.tune import manifests
from trimtab.tune.keeping import size_of, verify
from trimtab.tune.metrics import ITERATION, TOTAL

NAME: Final = "tune:name"
"""System attribute: the trial's name, which as a rule is its folder's, too."""
FOLDER: Final = "tune:folder"
"""System attribute: the name of its folder, where that is another."""
PROGRESS: Final = "tune:progress"
"""System attribute: where the trial stands; see `Member.progress`."""

__all__ = [
    "BEGAN",
    "CONFIG",
    "FOLDER",
    "LINEAGE",
    "NAME",
    "PROGRESS",
    "Member",
    "Phase",
    "Saved",
    "kept_of",
    "newest_whole",
]

_logger = logging.getLogger(__name__)


class Phase(enum.Enum):
    """What a member does."""

    READY = "ready"  # can be started, or started again
    RUNNING = "running"
    RESTING = "resting"  # waits at a report until the scheduler lets it go on
    ENDING = "ending"  # was told to end
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint that is kept.

    Attributes:
        path: Its folder.
        number: The trial that made it.
        step: The trial's report with which it came, or after which it was taken from a donor.
        iteration: How many iterations lie behind its state.
        seconds: Of training that lie behind it.
        size: Bytes; 0 where nobody counts them.
        metrics: What was reported with it.
    """

    path: Path
    number: int
    step: int
    iteration: int
    seconds: float
    size: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict, compare=False)


def kept_of(trial: FrozenTrial, folder: Path) -> list[Saved]:
    """The checkpoints of a trial's own that are still there, oldest first."""
    found, there = [], manifests.names(folder)
    for step, report in sorted(trial.reports.items()):
        if report.checkpoint in there:
            path = folder / report.checkpoint
            iteration = int(report.metrics.get(ITERATION, step))
            seconds = report.metrics.get(TOTAL, 0.0)
            size = size_of(path)
            found.append(Saved(path, trial.number, step, iteration, seconds, size, report.metrics))
    return found


def newest_whole(candidates: Sequence[Saved], name: str) -> Saved | None:
    """The last of some checkpoints that is whole; those after it are checkpoints no more.

    Args:
        candidates: Oldest first.
        name: Of the trial that is to go on from it, for people.
    """
    for place in reversed(range(len(candidates))):
        try:
            verify(candidates[place].path)
        except ArtifactDamaged as error:
            manifests.forget(candidates[place].path)
            rest = "goes on from the one before" if place else "has none before, and begins anew"
            _logger.warning("%s Trial %s %s.", error, name, rest)
        else:
            return candidates[place]
    return None


@dataclass(slots=True)
class Member:
    """A trial of a run.

    Attributes:
        number: The trial.
        name: Its name.
        folder: Where its files are.
        config: As the trainable sees it now.
        phase: What it does.
        has_worker: Whether it was begun somewhere and has not come to its end there.
        ends_as: As what it was told to end.
        step: How many reports it has made, repetitions after a failure not counted.
        iteration: How many iterations lie behind its state, a donor's among them.
        seconds: Of training that lie behind it.
        failures: How often it failed.
        rescues: How often it failed and was given a donor's state since it last reported.
        open: The report on which a decision is due, if one is.
        is_done: Whether the trainable said so.
        is_cut_off: Whether it ran when the run was cut off, and was not begun again since.
        checkpoint: Its newest, or what it was given by a donor.
        saved: All of its own that are kept, oldest first.
        result: The last report, as the trainable gave it.
        pending: Reports that are not written yet.
        attrs: System attributes that are not written yet.
        state: What it is from now on, where that is not written yet.
        lineage: Its exploits.
        traceback: Of the error it ended with.
        error: The error.
    """

    number: int
    name: str
    folder: Path
    config: dict[str, Any]
    phase: Phase = Phase.READY
    has_worker: bool = False
    ends_as: TrialState | None = None
    step: int = 0
    iteration: int = 0
    seconds: float = 0.0
    failures: int = 0
    rescues: int = 0
    open: int | None = None
    is_done: bool = False
    is_cut_off: bool = False
    checkpoint: Saved | None = None
    saved: list[Saved] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)
    pending: list[Report] = field(default_factory=list)
    attrs: dict[str, Any] = field(default_factory=dict)
    state: TrialState | None = None
    lineage: list[list[Any]] = field(default_factory=list)
    traceback: str = ""
    error: Exception | None = None

    def within_reach(self) -> list[Saved]:
        """The checkpoints from which it can go on, oldest first."""
        own, given = self.saved, self.checkpoint
        if given is None or any((s.path, s.step) == (given.path, given.step) for s in own):
            return list(own)
        before = [each for each in own if each.step <= given.step]
        return [*before, given, *own[len(before) :]]

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.phase is not Phase.ENDED

    def progress(self) -> dict[str, Any]:
        """Where it stands, as JSON: what is not to be read from its reports."""
        saved = self.checkpoint
        return {
            "iteration": self.iteration,
            "failures": self.failures,
            "open": self.open,
            "done": self.is_done,
            "runs": self.phase is Phase.RUNNING,
            "checkpoint": None
            if saved is None
            else [saved.number, saved.path.name, saved.step, saved.iteration, saved.seconds],
        }
