"""CleanSAC with a choice of which critic to believe."""

from __future__ import annotations

from typing import Any

from algorithms.cleansac import CleanSAC


class CleanSACMod(CleanSAC):
    """Takes the smaller ("min") or the larger ("max") of what both critics say.

    The smaller is SAC's own way against values that are too high; see `CleanSAC` for the rest.
    """

    def __init__(self, env: Any, seed: int, *, critic_select: str = "min", **settings: Any) -> None:
        if critic_select not in {"min", "max"}:
            raise ValueError(f"critic_select: expected 'min' or 'max', got {critic_select!r}")
        super().__init__(env, seed, **settings)
        self._largest = critic_select == "max"

    def select(self, values: Any) -> Any:
        """See `CleanSAC.select`."""
        return values.max(0).values if self._largest else super().select(values)
