"""Points of a low-discrepancy sequence."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import History
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.random import RandomSampler
from trimtab.space import Distribution, Floats, Internal, Space

_logger = logging.getLogger(__name__)

_BLOCK = 256  # a power of two, which is what Sobol' sequences are balanced over
_WIDTH = 32
_MOST_DIMENSIONS = {"sobol": 21_201, "halton": 10_000}


class Sequence(Protocol):
    """Points of a unit cube, by number."""

    def at(self, number: int, places: np.ndarray[Any, np.dtype[np.int64]], /) -> Floats:
        """Some coordinates of one point, in [0, 1); shape of ``places``."""


class QMCSampler(Sampler):
    """Trial number t gets point t of a Sobol' or Halton sequence.

    A parameter's coordinate of the sequence is its place in the order in which the study's
    parameters first appeared, so that the first trial, conditional parameters and choices are
    part of the sequence too, and parallel workers share it without talking to each other. Each
    choice, and each value of a stepped parameter, owns an equal cell of the unit interval.

    Reference: Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13,
    2012, section 4.

    Args:
        qmc_type: ``"sobol"`` or ``"halton"``. Sobol' sequences are best stopped at a power of two.
        scramble: Randomize the sequence (Owen's scrambling in its linear matrix form, or
            permuted digits). Off by default, as in Optuna; the first point is then the corner
            where every parameter is at its lower end.
        seed: Of the scrambling and of ``independent_sampler``'s default.
        independent_sampler: Draws parameters that were not foreseen (all of the first trial, and
            later newcomers) instead of the sequence. None: the sequence goes on, and only a
            space of more parameters than it has coordinates is filled up by random draws.
        warn_asynchronous_seeding: Log a warning where ``scramble`` is on without a seed: each
            worker would then follow a sequence of its own.
        warn_independent_sampling: Log a warning when a parameter is left to the independent
            sampler after the first trial.

    Raises:
        InvalidArgument: On another ``qmc_type``.
    """

    def __init__(
        self,
        *,
        qmc_type: str = "sobol",
        scramble: bool = False,
        seed: int | None = None,
        independent_sampler: Sampler | None = None,
        warn_asynchronous_seeding: bool = True,
        warn_independent_sampling: bool = True,
    ) -> None:
        super().__init__(seed)
        if qmc_type not in _MOST_DIMENSIONS:
            raise InvalidArgument("qmc_type", "'sobol' or 'halton'", qmc_type)
        if scramble and seed is None and warn_asynchronous_seeding:
            _logger.warning(
                "No seed was given to QMCSampler, so that its scrambling is drawn from the "
                "system's entropy; workers of one study must share a seed to follow one sequence."
            )
        self._independent = independent_sampler or RandomSampler(seed)
        self._foresee = independent_sampler is None
        self._warn = warn_independent_sampling
        self._most = _MOST_DIMENSIONS[qmc_type]
        scrambling = np.random.SeedSequence(seed).generate_state(1).item() if scramble else None
        self._sequence: Sequence = _Sequence(qmc_type, scrambling)

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """Point ``number`` of the sequence."""
        known = history.space
        if space is known or space.names == known.names:
            places = np.arange(len(space))
        else:
            later = iter(range(len(known), len(known) + len(space)))
            places = np.array([known.index(n) if n in known else next(later) for n in space], int)
        point = np.full(len(space), np.nan)
        inside = places < self._most
        point[inside] = self._sequence.at(number, places[inside])
        return Proposal(point)

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """The coordinate that the parameter will have once it is known."""
        (name,) = space.names
        known = history.space
        if name in known:
            place = known.index(name)
        else:
            place = len(known) + sum(other not in known for other in given)
        if self._foresee and place < self._most:
            return Proposal(self._sequence.at(number, np.array([place])))
        if self._warn and len(history.finished):
            _logger.warning(
                "Parameter %r of trial %d is drawn by %s, as QMCSampler did not foresee it.",
                name,
                number,
                type(self._independent).__name__,
            )
        return self._independent.propose_one(history, space, number, rng, given)

    def reseed_rng(self) -> None:
        """Reseed the independent sampler; the sequence stays, for all workers share it."""
        self._independent.reseed_rng()


class _Sequence:
    """A sequence read in blocks, so that a point costs a look-up.

    Args:
        kind: ``"sobol"`` or ``"halton"``.
        seed: Of the scrambling; None: there is none.
    """

    def __init__(self, kind: str, seed: int | None) -> None:
        self._kind = kind
        self._seed = seed
        self._engine: Any = None
        self._width = 0
        self._start = -1
        self._points: Floats = np.empty((0, 0))

    def at(self, number: int, places: np.ndarray[Any, np.dtype[np.int64]]) -> Floats:
        """Some coordinates of one point, in [0, 1); shape of ``places``."""
        if len(places) == 0:
            return np.empty(0)
        # The coordinates of a scrambled sequence depend on how many there are: in coarse steps,
        # so that a late parameter does not move the others.
        width = -(-(int(places.max()) + 1) // _WIDTH) * _WIDTH
        start = number // _BLOCK * _BLOCK
        if width > self._width or start != self._start:
            self._load(max(width, self._width), start)
        out: Floats = self._points[number - start, places]
        return out

    def _load(self, width: int, start: int) -> None:
        if self._engine is None or width != self._width or self._engine.num_generated > start:
            from scipy.stats import qmc

            make = qmc.Sobol if self._kind == "sobol" else qmc.Halton
            width = min(width, _MOST_DIMENSIONS[self._kind])
            self._engine = make(d=width, scramble=self._seed is not None, seed=self._seed)
            self._width = width
        if self._engine.num_generated < start:
            self._engine.fast_forward(start - self._engine.num_generated)
        self._points = self._engine.random(_BLOCK)
        self._start = start

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._kind, self._seed)
