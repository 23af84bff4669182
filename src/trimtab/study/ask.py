"""How a trial begins: what the sampler proposes, what is written, what is kept in mind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import EMPTY_SPACE, FrozenTrial, History, TrialState, TrialUpdate
from trimtab.samplers import Proposal
from trimtab.samplers.arms import REPLICATE_OF
from trimtab.space import Distribution, Internal, Space, from_unit
from trimtab.storage import Draft, Lease, Ticket
from trimtab.study.spaces import Spaces
from trimtab.study.trial import FIXED_PARAMS, Trial

if TYPE_CHECKING:
    from trimtab.study.study import Study


class Asker:
    """Begins trials of a study.

    The sampler proposes a point of the joint space seen so far. The part of it that every trial
    has is written with the trial, in one write; the rest is kept by the handle until it is
    suggested, as a conditional parameter may not be part of the trial.

    Args:
        study: Whose trials.

    Attributes:
        mark: System attributes that every trial gets: the sampler's name, where it is not the
            study's usual one. A sampler that leaves its work to others names them itself.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self.mark: Mapping[str, str] = {}
        self.spaces = Spaces()

    def ask(
        self,
        lease: Lease,
        fixed: Mapping[str, Distribution] | None = None,
        *,
        buffered: bool,
        history: History | None = None,
        ticket: Ticket | None = None,
    ) -> Trial:
        """A new trial, or one that waited or was reclaimed.

        Args:
            lease: How long it is ours.
            fixed: Parameters that are sure to be suggested.
            buffered: Whether a loop will tell it (see `Trial`).
            history: The study's, where the caller, who holds the storage's lock, has just read
                it: looking for news once more would cost as much as a write.
            ticket: Names this call; see `Storage.start`.
        """
        storage, study_id = self._study.storage, self._study.study_id
        with storage.lock:
            if history is None:
                history = self._study.history
            if history.waiting or (ticket is not None and ticket.again):
                taken = storage.start(study_id, None, lease, ticket)
                if taken is not None:
                    return self.take_over(taken, fixed, buffered)
            number = len(history)
            space, proposal, point = self._propose(history, number, fixed)
            certain = self.spaces.certain(history)
            if fixed:
                certain = self.spaces.joined(certain, fixed)
            share, internals = self._share(certain, space, point)
            state = {**self.mark, **proposal.state} if self.mark else proposal.state
            draft = Draft(share, internals, system_attrs=state)
            taken = storage.start(study_id, draft, lease, ticket)
            if taken is None:
                raise InvalidArgument("draft", "a storage that starts the trial it is given", None)
            if taken.number != number or taken.attempt != 1:
                ours = (taken.attempt, taken.space, taken.point) == (1, share, internals)
                return self.take_over(taken, fixed, buffered, redraw=ours)
            return Trial(self._study, taken, space, point, buffered, proposal.params)

    def take_over(
        self,
        taken: FrozenTrial,
        fixed: Mapping[str, Distribution] | None,
        buffered: bool,
        redraw: bool = False,
    ) -> Trial:
        """A handle on a trial that is not what we expected.

        It waited or was reclaimed, and keeps what it has; or it is our draft, but another worker
        was given the number we proposed for: then (``redraw``) it is proposed anew under its own
        number, with the other worker's trial in sight, so that no two workers draw alike.
        """
        history = self._study.history
        space, proposal, point = self._propose(history, taken.number, fixed)
        given = taken.system_attrs.get(FIXED_PARAMS, {})
        if given or REPLICATE_OF in taken.system_attrs or (len(taken.space) and not redraw):
            # What was fixed or tried before stays; the sampler fills in the rest.
            settled = {name: point[j] for j, name in enumerate(space) if name not in given}
            settled |= dict(zip(taken.space, taken.point, strict=True))
            kinds = {**space, **taken.space}
            known = self.spaces.of({name: kinds[name] for name in settled})
            return Trial(
                self._study, taken, known, list(settled.values()), buffered, proposal.params
            )
        share, internals = self._share(self.spaces.certain(history), space, point)
        state = {**self.mark, **proposal.state}
        if share or state:
            update = TrialUpdate(share or None, internals, system_attrs=state)
            self._study.storage.write(self._study.study_id, taken.number, taken.attempt, update)
            taken = taken.replace(
                space=share, point=internals, system_attrs={**taken.system_attrs, **state}
            )
        return Trial(self._study, taken, space, point, buffered, proposal.params)

    def _propose(
        self, history: History, number: int, fixed: Mapping[str, Distribution] | None
    ) -> tuple[Space, Proposal, Sequence[Internal]]:
        """The sampler's joint proposal: the columns it speaks for, and their internal values."""
        sampler = self._study.sampler
        space = sampler.search_space(history)
        if fixed:
            space = self.spaces.joined(space, fixed)
        proposal = sampler.propose(history, space, number, sampler.streams.at(number))
        units = proposal.point.tolist()
        total = sum(units)
        if proposal.params or total != total:  # NaN somewhere
            internals = _exact(space, proposal)
            kept = {name: space[name] for name in space if name in internals}
            space = self.spaces.of(kept)
            return space, proposal, list(internals.values())
        return space, proposal, space.decode(units)

    def _share(
        self, certain: Space, space: Space, point: Sequence[Internal]
    ) -> tuple[Space, tuple[Internal, ...]]:
        """The part of a proposal that is sure to be in the trial."""
        if certain is space:
            return space, tuple(point)
        names = [name for name in certain if name in space and space[name] == certain[name]]
        if not names:
            return EMPTY_SPACE, ()
        share = self.spaces.of({name: certain[name] for name in names})
        return share, tuple(point[space.index(name)] for name in names)

    def replicate(self, number: int, lease: Lease, *, buffered: bool) -> Trial:
        """A trial that measures the arm of trial ``number`` again (or what waited before it)."""
        with self._study.storage.lock:
            arm = self._study.history.trial(number)
            origin = arm.system_attrs.get(REPLICATE_OF, number)
            taken = self._study.storage.start(
                self._study.study_id,
                Draft(arm.space, arm.point, system_attrs={REPLICATE_OF: origin}),
                lease,
            )
            if taken is None or taken.system_attrs.get(REPLICATE_OF) != origin:
                # Something waited and came first: queue the replicate behind it.
                self._enqueue_replicate(arm, origin)
                if taken is None:
                    return self.ask(lease, buffered=buffered)
                return self.take_over(taken, None, buffered)
            return Trial(self._study, taken, arm.space, arm.point, buffered)

    def _enqueue_replicate(self, arm: FrozenTrial, origin: int) -> None:
        waiting = FrozenTrial.build(
            0,
            TrialState.WAITING,
            space=arm.space,
            point=arm.point,
            system_attrs={REPLICATE_OF: origin},
        )
        self._study.storage.add(self._study.study_id, [waiting])

    def draw(self, trial: Trial, name: str, distribution: Distribution, lane: int) -> Internal:
        """A value for a parameter that the joint proposal did not foresee."""
        sampler = self._study.sampler
        with self._study.storage.lock:
            history = self._study.history
            space = self.spaces.single(name, distribution)
            rng = sampler.streams.at(trial.number, lane)
            proposal = sampler.propose_one(history, space, trial.number, rng, trial.given())
            if name in proposal.params:
                return trial.fixed_value(name, distribution, proposal.params[name])
            unit = proposal.point.item(0)
            if unit != unit:
                unit = sampler.streams.at(trial.number, lane).random()
            return from_unit(distribution, unit)


def _exact(space: Space, proposal: Proposal) -> dict[str, Internal]:
    """Internal values of the columns a proposal speaks for, its exact values first.

    An exact value that its column does not hold is left to the trial, which warns of it.
    """
    spoken = ~np.isnan(proposal.point)
    internals: dict[str, Internal] = {}
    for j, (name, distribution) in enumerate(space.items()):
        if name in proposal.params:
            try:
                internal = distribution.to_internal_repr(proposal.params[name])
            except (TypeError, ValueError):
                continue
            if distribution._contains(internal):
                internals[name] = internal
        elif spoken[j]:
            internals[name] = from_unit(distribution, float(proposal.point[j]))
    return internals
