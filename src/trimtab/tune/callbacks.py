"""What is told of a run while it goes: for subclassing; Ray Tune's names."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trimtab.errors import InvalidType
from trimtab.records import FrozenTrial, TrialState
from trimtab.tune.checkpoint import Checkpoint
from trimtab.tune.members import Member

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrialView:
    """A trial as a callback sees it.

    Attributes:
        trial_id: Its number in five digits or more.
        number: Its number.
        name: Its name, which is its folder's.
        config: What it has now.
        path: Its folder.
        last_result: What it reported last.
        checkpoint: Its newest, or what it was given by a donor.
        status: ``PENDING``, ``RUNNING``, ``TERMINATED`` or ``ERROR``.
        error: What it failed with.
        trainable_name: What the trainable is called.
        evaluated_params: What was drawn of its config when it began, by path.
    """

    trial_id: str
    number: int
    name: str
    config: Mapping[str, Any]
    path: Path
    last_result: Mapping[str, Any]
    checkpoint: Checkpoint | None
    status: str = "RUNNING"
    error: Exception | None = None
    trainable_name: str = ""
    evaluated_params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def experiment_tag(self) -> str:
        """Its number, and what was drawn, in a line."""
        drawn = (f"{name.replace('/', '_')}={v}" for name, v in self.evaluated_params.items())
        return f"{self.number}_{','.join(drawn)}"

    @property
    def local_path(self) -> str:
        """Its folder, as text."""
        return str(self.path)

    def __str__(self) -> str:
        return self.name


class Callback:
    """Is told of a run; does nothing by itself.

    What it raises is logged, and does not end the run. ``iteration`` counts what was told;
    ``trials`` is the trial that it is about.
    """

    def setup(self, **info: Any) -> None:
        """The run begins; ``path`` is its folder, ``name`` its name."""

    def on_trial_start(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial begins, or begins again."""

    def on_trial_restore(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial begins again, from a checkpoint."""

    def on_trial_result(
        self,
        iteration: int,
        trials: Sequence[TrialView],
        trial: TrialView,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        """A trial reported."""

    def on_trial_save(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial saved its state."""

    def on_trial_recover(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial failed, and is tried again or goes on from another."""

    def on_checkpoint(
        self,
        iteration: int,
        trials: Sequence[TrialView],
        trial: TrialView,
        checkpoint: Checkpoint,
        **info: Any,
    ) -> None:
        """A trial saved its state."""

    def on_trial_complete(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial came to its end, or was stopped."""

    def on_trial_error(
        self, iteration: int, trials: Sequence[TrialView], trial: TrialView, **info: Any
    ) -> None:
        """A trial failed for good."""

    def on_experiment_end(self, trials: Sequence[TrialView], **info: Any) -> None:
        """The run ended."""


def check_callbacks(callbacks: Sequence[Any]) -> None:
    """Refuse what is no callback.

    Raises:
        InvalidType: If one is not.
    """
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise InvalidType("callbacks", "trimtab.tune.Callback objects", callback)


class Telling:
    """Tells callbacks of a run; an error of one of them is logged, and stays its own.

    Args:
        callbacks: Who is told.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self._callbacks = callbacks
        self._iteration = 0

    def __bool__(self) -> bool:
        return bool(self._callbacks)

    def on_begin(self, name: str, path: Path) -> None:
        """The run begins."""
        for callback in self._callbacks:
            self._tell(callback, "setup", name=name, path=path)

    def on_start(self, member: Member) -> None:
        """A trial begins, or begins again."""
        self._about("on_trial_start", member)
        if member.checkpoint is not None:
            self._about("on_trial_restore", member)

    def on_result(self, member: Member) -> None:
        """A trial reported."""
        self._about("on_trial_result", member, result=dict(member.result))

    def on_checkpoint(self, member: Member) -> None:
        """A trial saved its state."""
        if member.checkpoint is not None:
            self._about("on_trial_save", member)
            self._about("on_checkpoint", member, checkpoint=Checkpoint(member.checkpoint.path))

    def on_recover(self, member: Member) -> None:
        """A trial failed, and begins again."""
        self._about("on_trial_recover", member)

    def on_end(self, member: Member, trial: FrozenTrial) -> None:
        """A trial ended."""
        failed = trial.state is TrialState.FAIL
        name = "on_trial_error" if failed else "on_trial_complete"
        self._about(name, member, "ERROR" if failed else "TERMINATED")

    def on_close(self) -> None:
        """The run ended."""
        for callback in self._callbacks:
            self._tell(callback, "on_experiment_end", [])

    def _about(self, method: str, member: Member, status: str = "RUNNING", **info: Any) -> None:
        if not self._callbacks:
            return
        saved = member.checkpoint
        view = TrialView(
            f"{member.number:05d}",
            member.number,
            member.name,
            member.config,
            member.folder,
            member.result,
            None if saved is None else Checkpoint(saved.path),
            status,
            member.error,
        )
        self._iteration += 1
        for callback in self._callbacks:
            self._tell(callback, method, self._iteration, [view], view, **info)

    def _tell(self, callback: Callback, method: str, *arguments: Any, **info: Any) -> None:
        try:
            getattr(callback, method)(*arguments, **info)
        except Exception:
            _logger.exception("A callback failed: %s.%s", type(callback).__name__, method)
