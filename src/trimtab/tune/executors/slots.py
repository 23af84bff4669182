"""What there is of processors, GPUs and the like on one machine, and which of it is free."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, TypeAlias

from trimtab.errors import InvalidArgument
from trimtab.space.checks import check_count
from trimtab.tune.resources import CPU, GPU, PlacementGroupFactory, amounts

Gpus: TypeAlias = tuple[str, ...] | None
"""The GPUs that a worker sees, as CUDA names them; None: those that its parent does."""

Taken: TypeAlias = tuple[PlacementGroupFactory, Gpus]
"""What runs: what it needs, and on which GPUs."""

VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
_TOLERANCE: Final = 1e-9
"""Ten tenths are a whole."""
_PATIENCE: Final = 10.0
"""Seconds that nvidia-smi has to answer."""


class Slots:
    """Shares out what a machine has.

    Args:
        num_cpus: Processors; None: those that this process may use.
        num_gpus: GPUs; None: those that this process sees.
        others: What else is counted, by name.

    Raises:
        InvalidArgument: If there are to be more GPUs than this process sees.
    """

    def __init__(
        self, num_cpus: int | None, num_gpus: int | None, others: Mapping[str, float]
    ) -> None:
        self.num_cpus = processors() if num_cpus is None else check_count("num_cpus", num_cpus, 1)
        self._num_gpus = None if num_gpus is None else check_count("num_gpus", num_gpus, 0)
        self._others = dict(others)
        if {CPU, GPU} & self._others.keys():
            raise InvalidArgument("resources", "names other than CPU and GPU", others)
        visible = _visible()
        if num_gpus is not None and visible is not None and num_gpus > len(visible):
            expected = f"at most {len(visible)}, as {VISIBLE} says"
            raise InvalidArgument("num_gpus", expected, num_gpus)

    @cached_property
    def gpus(self) -> tuple[str, ...]:
        """All GPUs; they are looked for when a trial first asks for one."""
        visible = _visible()
        if self._num_gpus is not None:
            return (visible or tuple(map(str, range(self._num_gpus))))[: self._num_gpus]
        return _found() if visible is None else visible

    def total(self, name: str) -> float:
        """How much of something there is."""
        if name == CPU:
            return float(self.num_cpus)
        return float(len(self.gpus)) if name == GPU else self._others.get(name, 0.0)

    def check(self, needs: PlacementGroupFactory) -> None:
        """Refuse what can never be had here.

        Raises:
            InvalidArgument: That says what there is.
        """
        for name, amount in needs.required_resources.items():
            if amount > self.total(name) + _TOLERANCE:
                there = {CPU: self.total(CPU), GPU: self.total(GPU), **self._others}
                raise InvalidArgument(
                    "resources", f"no more than this machine has ({amounts(there)})", str(needs)
                )

    def most(self, needs: PlacementGroupFactory) -> int:
        """How many trials with these needs can run at one time, when nothing else does."""
        shares = [
            (self.total(name) + _TOLERANCE) // amount
            for name, amount in needs.required_resources.items()
            if amount > 0
        ]
        return int(min(shares))

    def has_room(self, needs: PlacementGroupFactory, taken: Sequence[Taken]) -> bool:
        """Whether a trial can run beside what is taken, on whichever GPUs are free."""
        return self._fits(needs, taken) and (_part(needs) == 0.0 or bool(self.choose(needs, taken)))

    def has_room_on(self, gpus: Gpus, needs: PlacementGroupFactory, taken: Sequence[Taken]) -> bool:
        """Whether a trial can run beside what is taken, on these GPUs."""
        if not self._fits(needs, taken):
            return False
        part = _part(needs)
        if not gpus or part == 0.0:
            return True
        free = self._free(taken)
        return all(part <= free[gpu] + _TOLERANCE for gpu in gpus)

    def choose(self, needs: PlacementGroupFactory, taken: Iterable[Taken]) -> Gpus:
        """The GPUs for a trial: of those with enough left the fullest, so that others stay whole.

        Returns:
            Their names, none where not enough are free; None where the trial does not speak of
            GPUs.
        """
        amount = needs.required_resources.get(GPU)
        if amount is None:
            return None
        if amount == 0.0:
            return ()
        part, free = _part(needs), self._free(taken)
        fitting = [gpu for gpu in self.gpus if part <= free[gpu] + _TOLERANCE]
        count = math.ceil(amount)
        if len(fitting) < count:
            return ()
        return tuple(sorted(sorted(fitting, key=free.__getitem__)[:count], key=self.gpus.index))

    def _fits(self, needs: PlacementGroupFactory, taken: Sequence[Taken]) -> bool:
        for name, amount in needs.required_resources.items():
            if name != GPU:
                used = sum(each.required_resources.get(name, 0.0) for each, _ in taken)
                if used + amount > self.total(name) + _TOLERANCE:
                    return False
        return True

    def _free(self, taken: Iterable[Taken]) -> dict[str, float]:
        free = dict.fromkeys(self.gpus, 1.0)
        for needs, gpus in taken:
            for gpu in gpus or ():
                free[gpu] -= _part(needs)
        return free


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _part(needs: PlacementGroupFactory) -> float:
    """How much of each of its GPUs a trial takes."""
    return min(needs.required_resources.get(GPU, 0.0), 1.0)


def _visible() -> tuple[str, ...] | None:
    """GPUs as this process was told; None: it was told nothing."""
    told = os.environ.get(VISIBLE)
    if told is None:
        return None
    names: list[str] = []
    for name in (each.strip() for each in told.split(",")):
        if not name or name.startswith("-"):
            break  # CUDA, too, stops at the first that is none
        names.append(name)
    return tuple(names)


def _found() -> tuple[str, ...]:
    """GPUs by NVIDIA's own command; none where it is not there."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return ()
    try:
        told = subprocess.run(
            [command, "--query-gpu=index", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(told.stdout.split())
