"""What executors tell the run, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Reported:
    """A trial told of an iteration.

    Attributes:
        number: The trial.
        step: The report's number in the trial, from 1.
        iteration: How many iterations lie behind its state, a donor's among them.
        metrics: As the trainable gave them.
        seconds: Of this iteration.
        total: Seconds of training so far, waiting left out.
        checkpoint: Name of the checkpoint that came with it, or None.
        waits: Whether the trial waits for an answer.
        done: Whether the trainable says that it is done (a key of a class trainable's result).
    """

    number: int
    step: int
    iteration: int
    metrics: Mapping[str, Any]
    seconds: float
    total: float
    checkpoint: str | None = None
    waits: bool = True
    done: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        # Half the time of what dataclasses do about slots; many thousands come in a second.
        return Reported, tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Returned:
    """A trainable came to its end, or ended when it was told to.

    Attributes:
        number: The trial.
        checkpoint: Name of a checkpoint made at the end, or None.
    """

    number: int
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A trainable raised, or its worker was lost.

    Attributes:
        number: The trial.
        reason: In one line.
        traceback: Of the error, where there is one.
        error: The error itself, where it could be had.
        lost: Whether the worker died rather than the trainable failed.
    """

    number: int
    reason: str
    traceback: str = ""
    error: Exception | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Evicted:
    """A trial that rested lost its worker; what it is to go on from is its checkpoint.

    Attributes:
        number: The trial.
    """

    number: int


Event: TypeAlias = Reported | Returned | Failed | Evicted
