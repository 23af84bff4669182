"""Who hears of what happens in a run."""

from __future__ import annotations

from trimtab.records import FrozenTrial
from trimtab.tune.callbacks import Telling
from trimtab.tune.members import Member
from trimtab.tune.progress import Progress
from trimtab.tune.results import ResultGrid


class Watch:
    """Hears of what happens to members, and passes it on.

    Args:
        results: Keeps the errors themselves, of which the storage has only the text.
        progress: Shows it.
        telling: Tells callbacks.
    """

    def __init__(self, results: ResultGrid, progress: Progress, telling: Telling) -> None:
        self._results = results
        self._progress = progress
        self._telling = telling

    def on_start(self, member: Member) -> None:
        """A member begins, or begins again."""
        self._telling.on_start(member)

    def on_result(self, member: Member) -> None:
        """A member reported."""
        self._progress.on_result(member)
        self._telling.on_result(member)

    def on_checkpoint(self, member: Member) -> None:
        """A member saved its state."""
        self._telling.on_checkpoint(member)

    def on_exploit(self, member: Member, donor: Member) -> None:
        """A member goes on from another."""
        self._progress.on_exploit(member, donor)

    def on_recover(self, member: Member) -> None:
        """A member failed, and begins again."""
        self._telling.on_recover(member)

    def on_end(self, member: Member, trial: FrozenTrial) -> None:
        """A member ended."""
        self._progress.on_end(member, trial)
        self._telling.on_end(member, trial)
        if member.error is not None:
            self._results.errors_by_number[member.number] = member.error
