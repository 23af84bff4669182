"""Which checkpoints stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from trimtab.tune.config import CheckpointConfig
from trimtab.tune.keeping import discard, size_of
from trimtab.tune.members import Member, Saved


class Retention:
    """Removes checkpoints that are not to be kept and that nobody needs.

    Args:
        config: What is to be kept.
        members: Those that have not ended, by number.
        needed: Checkpoints that a trial is about to go on from.
        once_written: Does something when what led to it is stored: until then a run that is cut
            off goes on from what it had before.
    """

    def __init__(
        self,
        config: CheckpointConfig,
        members: Mapping[int, Member],
        needed: Callable[[], Iterable[Saved]],
        once_written: Callable[[Callable[[], None]], None] = lambda act: act(),
    ) -> None:
        self._config = config
        self._members = members
        self._needed = needed
        self._once_written = once_written
        self._doomed: dict[Path, None] = {}
        # Of all that are kept, oldest first: where there is a budget.
        self._kept: dict[Path, Saved] = {}
        self._bytes = 0

    def count(self, kept: Iterable[Saved]) -> None:
        """Count checkpoints that are there already, oldest first, as a run is taken up again."""
        for saved in kept:
            self._kept[saved.path] = saved
            self._bytes += saved.size

    def add(self, member: Member, saved: Saved) -> None:
        """Keep a new checkpoint, and let go of those that are too many."""
        self._doomed.pop(saved.path, None)  # it may come a second time, after a failure
        if self._config.max_bytes is not None:
            self._uncount(saved.path)
            saved = replace(saved, size=size_of(saved.path))
            self.count([saved])
        if member.saved and saved.step <= member.saved[-1].step:
            member.saved = [each for each in member.saved if each.path != saved.path]
        member.saved.append(saved)
        if self._config.num_to_keep is None and self._config.max_bytes is None:
            return
        pinned = {each.path for each in self._needed()} | {saved.path}
        if self._config.num_to_keep is not None:
            ranked = sorted(member.saved[:-1], key=self._rank)
            for each in ranked[: max(len(member.saved) - self._config.num_to_keep, 0)]:
                if each.path not in pinned:
                    self._remove(each)
        if self._config.max_bytes is not None:
            self._shrink(self._config.max_bytes, pinned)

    def forget(self, member: Member, lost: Sequence[Saved]) -> None:
        """Checkpoints of a member were found to be damaged: what is left of them is nobody's."""
        for saved in lost:
            self._uncount(saved.path)
        member.saved = [each for each in member.saved if each not in lost]

    def _shrink(self, budget: int, pinned: set[Path]) -> None:
        for each in list(self._kept.values()):
            if self._bytes <= budget:
                return
            if each.path not in pinned:
                self._remove(each)

    def _remove(self, saved: Saved) -> None:
        self._doomed[saved.path] = None
        if len(self._doomed) == 1:
            self._once_written(self._sweep)
        self._uncount(saved.path)
        owner = self._members.get(saved.number)
        if owner is not None:
            owner.saved = [each for each in owner.saved if each.path != saved.path]

    def _sweep(self) -> None:
        for path in self._doomed:
            discard(path)
        self._doomed.clear()

    def _uncount(self, path: Path) -> None:
        known = self._kept.pop(path, None)
        if known is not None:
            self._bytes -= known.size

    def _rank(self, saved: Saved) -> tuple[float, int]:
        """Ascending: what goes first."""
        name = self._config.checkpoint_score_attribute
        if name is None:
            return 0.0, saved.step
        score = saved.metrics.get(name)
        if score is None or score != score:
            return float("-inf"), saved.step
        return (score if self._config.checkpoint_score_order == "max" else -score), saved.step
