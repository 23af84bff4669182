"""The contract of an executor: it starts trials, lets them go on, ends them, tells what they do.

A trial is begun by `Executor.start`, tells of its reports (`Reported`), and where one of them waits
it rests until `Executor.go` or `Executor.end`. It ends by one `Returned` or one `Failed`, after
which nothing more is told of it. A trial that rests keeps its place in its worker, but not the
worker from running another, and nothing of what it needs to run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trimtab.space.made import MadeOf
from trimtab.tune.events import Event
from trimtab.tune.resources import PlacementGroupFactory
from trimtab.tune.session import Assignment, Go


class Executor(MadeOf, ABC):
    """Runs trials in workers.

    Attributes:
        grows: Whether it can be given more to run on while it runs, and is to be told by
            `expect` what would be used.
    """

    grows = False

    @abstractmethod
    def open(self, trainable: Any, folder: Path, *, reuse: bool = False) -> None:
        """Make ready to run trials.

        Args:
            trainable: What they train.
            folder: The run's, which every worker can write to.
            reuse: Whether an object of a class trainable may serve one trial after another,
                where its ``reset_config`` says so.

        Raises:
            InvalidArgument: If it cannot be sent to where it is to run.
        """

    @abstractmethod
    def check(self, needs: PlacementGroupFactory) -> None:
        """Refuse what can never be had here.

        Raises:
            InvalidArgument: If a trial needs more than there is; it says what there is.
        """

    @abstractmethod
    def has_room(self, needs: PlacementGroupFactory, number: int | None = None) -> bool:
        """Whether a trial with these needs can run now: a new one, or the one that rests."""

    def expect(self, needs: Sequence[PlacementGroupFactory]) -> None:
        """Hear what else would run now if there were room for it, which takes back what was said.

        Only an executor that ``grows`` is told.
        """

    @abstractmethod
    def start(self, assignment: Assignment) -> None:
        """Run a trial, where there is room."""

    @abstractmethod
    def go(self, number: int, answer: Go) -> None:
        """Let a trial that rests run on, where there is room for it."""

    @abstractmethod
    def end(self, number: int) -> None:
        """Have a trial that rests come to its end; its `Returned` follows."""

    @abstractmethod
    def drop(self, number: int) -> None:
        """Have a trial that rests come to its end, and tell nothing more of it."""

    @abstractmethod
    def kill(self, number: int) -> bool:
        """Take away what a running trial runs on, at once.

        Returns:
            Whether that can be done here; nothing more is told of the trial then.
        """

    @abstractmethod
    def poll(self, timeout: float | None) -> list[Event]:
        """What happened, in order.

        Args:
            timeout: Seconds for which it waits for something to happen; None: for ever.
        """

    @abstractmethod
    def close(self) -> None:
        """End everything that runs or rests, and let go of the workers."""
