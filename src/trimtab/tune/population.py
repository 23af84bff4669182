"""The trials of a run: made, counted by what they do, and forgotten when they have ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from trimtab.records import FrozenTrial, Outcome, TrialState
from trimtab.samplers import Proposal, Sampler
from trimtab.samplers.base import Streams
from trimtab.schedulers import Scheduler
from trimtab.space import Internal, Space, from_unit
from trimtab.space.domains import Domain
from trimtab.space.paths import with_value
from trimtab.storage import Lease, Storage
from trimtab.tune.members import (
    CONFIG,
    LINEAGE,
    NAME,
    PROGRESS,
    Member,
    Phase,
    Saved,
    kept_of,
    newest_whole,
)
from trimtab.tune.metrics import ITERATION
from trimtab.tune.naming import Naming, folder_in
from trimtab.tune.recipes import NeedsAgain
from trimtab.tune.space import ParamSpace, Variant
from trimtab.tune.storing import has_opaque, json_config, restored

FILLED: Final = "tune:filled"
"""System attribute of a study: all trials that are to come were written."""

_CHUNK = 1000
"""Trials written at one time."""


@dataclass(frozen=True, slots=True)
class Resumes:
    """What goes on of a run that is taken up again.

    Attributes:
        unfinished: Trials that did not end; where these do not go on they fail.
        errored: Trials that failed, from their last checkpoints.
        restart_errored: Trials that failed, as new trials with the same configs.
    """

    unfinished: bool = True
    errored: bool = False
    restart_errored: bool = False


class Population:
    """The members of a run.

    Args:
        storage: Where the run's study is.
        study_id: The study.
        folder: The run's folder.
        param_space: What configs may be; None where that could not be stored.
        num_samples: How often it is sampled; -1: without end.
        size: How many members there are at one time, where there is no end of them and a
            scheduler compares them all; None: it compares each with those that are there.
        sampler: Proposes parameters; None: they are drawn at random.
        scheduler: Completes configs.
        seed: Of what is drawn at random.
        naming: Names them.
        before_proposal: Is called before the sampler looks at what is stored.

    Attributes:
        members: Those that live, by number.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        study_id: int,
        folder: Path,
        param_space: ParamSpace | None,
        num_samples: int,
        size: int | None,
        sampler: Sampler | None,
        scheduler: Scheduler,
        seed: int | None,
        naming: Naming,
        before_proposal: Callable[[], None],
    ) -> None:
        self.members: dict[int, Member] = {}
        self._storage = storage
        self._study_id = study_id
        self._folder = folder
        self._space = param_space
        self._num_samples = num_samples
        self._size = size
        self._sampler = sampler
        self._scheduler = scheduler
        self._streams = Streams(seed) if sampler is None else sampler.streams
        self._naming = naming
        self._before_proposal = before_proposal
        self._phases: dict[Phase, dict[int, Member]] = {phase: {} for phase in Phase}
        self._drafts = self._drafted()
        self._waiting: list[dict[str, Any]] = []
        self._next_number = 0
        self._known = 0  # trials that were there when the run was taken up again
        self._sampled = 0

    # ------------------------------------------------------------------ phases

    def move(self, member: Member, phase: Phase) -> None:
        """A member does something else now."""
        self._phases[member.phase].pop(member.number, None)
        member.phase, member.is_cut_off = phase, False
        if phase is not Phase.ENDED:
            self._phases[phase][member.number] = member

    def in_phase(self, phase: Phase) -> list[Member]:
        """The members that do so."""
        return list(self._phases[phase].values())

    def count(self, phase: Phase) -> int:
        """How many do so."""
        return len(self._phases[phase])

    def forget(self, member: Member) -> None:
        """Let go of a member that has ended."""
        del self.members[member.number]

    # ------------------------------------------------------------------ making them

    def fill(self) -> None:
        """Write all trials that are to come, where it is known how many: they wait."""
        if self._num_samples == -1:
            there = len(self.members) + len(self._waiting)
            self._write(islice(self._drafts, max((self._size or 0) - there, 0)))
        elif FILLED in self._storage.study(self._study_id).system_attrs:
            self._drafts = iter(())
        else:
            self._write(self._drafts)
            self._storage.set_study_attrs(self._study_id, system={FILLED: True})

    def _write(self, drafts: Iterable[tuple[FrozenTrial, dict[str, Any]]]) -> None:
        records: list[FrozenTrial] = []
        self._waiting.reverse()
        for record, config in drafts:
            records.append(record)
            self._waiting.append(config)
            if len(records) == _CHUNK:
                self._storage.add(self._study_id, records)
                records = []
        if records:
            self._storage.add(self._study_id, records)
        self._waiting.reverse()

    def create(self) -> Member | None:
        """The next new member; None where there is none to come."""
        if self._waiting:
            config = self._waiting.pop()
            record = self._storage.start(self._study_id, None, Lease())
        elif self._size is not None and len(self.members) >= self._size:
            return None
        else:
            draft = next(self._drafts, None)
            if draft is None:
                return None
            record, config = draft
            self._storage.add(self._study_id, [record])
            record = self._storage.start(self._study_id, None, Lease())
        if record is None:
            return None
        member = self._member(record, config)
        self.members[record.number] = member
        self.move(member, Phase.READY)
        return member

    def _member(self, trial: FrozenTrial, config: dict[str, Any]) -> Member:
        attrs = trial.system_attrs
        return Member(trial.number, str(attrs[NAME]), self._folder / folder_in(attrs), config)

    def to_come(self) -> float:
        """How many new members there will be: at least so many, where they are made one by one."""
        if self._size is not None:
            return max(self._size - len(self.members), 0)
        if self._num_samples == -1:
            return math.inf
        return len(self._waiting) + self._num_samples - self._sampled

    def _drafted(self) -> Iterator[tuple[FrozenTrial, dict[str, Any]]]:
        """Trials that are to come, one after the other, with their configs."""
        while self._num_samples == -1 or self._sampled < self._num_samples:
            self._sampled += 1
            picker = _Picker(self)
            for variant in self._param_space().variants(picker):
                if self._next_number < self._known:
                    self._next_number += 1  # it was written before the run was taken up again
                else:
                    yield self._draft(variant, picker.state)
                picker.begin()

    def _param_space(self) -> ParamSpace:
        if self._space is None:
            raise NeedsAgain(
                "`param_space`: expected the run's, as it has functions or objects, which are not "
                "stored, got None."
            )
        return self._space

    # ------------------------------------------------------------------ taking a run up again

    def take_up(self, resumes: Resumes) -> None:
        """Make members of the trials that have not ended.

        Raises:
            NeedsAgain: If a config cannot be made without the ``param_space``.
        """
        with self._storage.lock:
            history = self._storage.history(self._study_id)
            self._known = len(history)
            trials = list(history.trials())
        self._naming.take(trial.system_attrs for trial in trials)
        if resumes.restart_errored:
            again = [
                trial.replace(
                    state=TrialState.WAITING,
                    started=None,
                    finished=None,
                    values=None,
                    reports={},
                    system_attrs={
                        CONFIG: trial.system_attrs[CONFIG],
                        NAME: f"{folder_in(trial.system_attrs)}_again",
                    },
                )
                for trial in trials
                if trial.state is TrialState.FAIL
            ]
            for number, trial in zip(self._storage.add(self._study_id, again), again, strict=True):
                trials.append(trial.replace(number=number))
        for trial in trials:
            if trial.state is TrialState.FAIL and resumes.errored:
                trial = self._storage.amend(self._study_id, trial.number, None)
            if not trial.state.is_finished() and not resumes.unfinished:
                given_up = Outcome(TrialState.FAIL, reason="it was not taken up again")
                self._storage.finish(self._study_id, trial.number, None, given_up)
            elif trial.state is TrialState.WAITING:
                self._waiting.append(self._config_of(trial))
            elif not trial.state.is_finished():
                self._take_up(trial)
        self._waiting.reverse()

    def kept(self) -> list[Saved]:
        """Checkpoints of all trials that are there, also of those that have ended; oldest first."""
        history = self._storage.history(self._study_id)
        found = [
            saved
            for trial in history.trials(None, archived=True)
            if NAME in trial.system_attrs
            for saved in kept_of(trial, self._folder / folder_in(trial.system_attrs))
        ]
        return sorted(found, key=lambda saved: saved.path.stat().st_mtime)

    def _take_up(self, trial: FrozenTrial) -> None:
        attrs = trial.system_attrs
        member = self._member(trial, self._config_of(trial))
        progress = attrs.get(PROGRESS, {})
        member.step = trial.last_step or 0
        member.iteration = int(progress.get("iteration", member.step))
        member.failures = int(progress.get("failures", 0))
        member.open = progress.get("open")
        member.is_done = bool(progress.get("done", False))
        member.lineage = [list(each) for each in attrs.get(LINEAGE, ())]
        member.saved = kept_of(trial, member.folder)
        member.checkpoint = self._newest(member, progress.get("checkpoint"))
        last = trial.reports.get(member.step)
        if last is not None:
            member.result = {ITERATION: member.iteration, **last.metrics}
        member.state = None
        self.members[trial.number] = member
        paused = trial.state is TrialState.PAUSED
        self.move(member, Phase.RESTING if paused else Phase.READY)
        member.is_cut_off = not paused and bool(progress.get("runs", True))

    def _newest(self, member: Member, told: Sequence[Any] | None) -> Saved | None:
        """What a member goes on from: the newest checkpoint that is whole."""
        if told is not None:
            number, name, step, iteration, seconds = told
            maker = self._storage.trial(self._study_id, number)  # it, or a donor
            path = self._folder / folder_in(maker.system_attrs) / name
            member.checkpoint = Saved(path, number, step, iteration, seconds)
        return newest_whole(member.within_reach(), member.name)

    def _config_of(self, trial: FrozenTrial) -> dict[str, Any]:
        stored = trial.system_attrs[CONFIG]
        if not has_opaque(stored):
            return dict(stored)
        values = dict(zip(trial.space, trial.point, strict=True))
        variants = self._param_space().variants(lambda name, _: values[name])
        for variant in variants:
            known = dict(zip(variant.space, variant.point, strict=True))
            if known == values:
                return dict(restored(stored, variant.config))
        raise NeedsAgain(
            f"`param_space`: expected that of the run, which has {values}, got another."
        )

    # ------------------------------------------------------------------ drafts

    def _draft(
        self, variant: Variant, state: Mapping[str, Any]
    ) -> tuple[FrozenTrial, dict[str, Any]]:
        number = self._next_number
        self._next_number += 1
        config = variant.config
        rng = self._streams.at(number, 1 << 61)
        for path, value in self._scheduler.initial(config, rng).items():
            config = with_value(config, path, value)
        record = FrozenTrial.build(
            number,
            TrialState.WAITING,
            space=variant.space,
            point=variant.point,
            system_attrs={**state, CONFIG: json_config(config)},
        )
        names = self._naming.of(number, config, record.params)
        return record.replace(system_attrs={**record.system_attrs, **names}), config

    def propose(self, number: int) -> tuple[Space, Proposal]:
        """What the sampler proposes for a trial, for what every trial has."""
        space = self._param_space().space
        if self._sampler is None:
            return space, Proposal(np.full(len(space), np.nan))
        self._before_proposal()
        with self._storage.lock:
            history = self._storage.history(self._study_id)
            return space, self._sampler.propose(history, space, number, self._streams.at(number))

    def draw(self, number: int, lane: int, name: str, domain: Domain) -> Internal:
        """A value of a parameter that was not proposed."""
        if self._sampler is not None:
            with self._storage.lock:
                history = self._storage.history(self._study_id)
                space = Space({name: domain.distribution})
                rng = self._streams.at(number, lane)
                unit = self._sampler.propose_one(history, space, number, rng, {}).point.item(0)
            if unit == unit:
                return from_unit(domain.distribution, unit)
        return domain.draw(self._streams.at(number, lane))

    @property
    def next_number(self) -> int:
        """The number of the trial that is drafted next."""
        return self._next_number


class _Picker:
    """Chooses the parameters of one trial after the other.

    Attributes:
        state: What the sampler wants kept with the trial.
    """

    def __init__(self, population: Population) -> None:
        self._population = population
        self.begin()

    def begin(self) -> None:
        """Another trial."""
        self._number = self._population.next_number
        self._proposed: dict[str, Internal] | None = None
        self._lane = 0
        self.state: Mapping[str, Any] = {}

    def __call__(self, name: str, domain: Domain) -> Internal:
        """The value of one parameter (a `Pick`)."""
        if self._proposed is None:
            space, proposal = self._population.propose(self._number)
            self.state = proposal.state
            self._proposed = {
                each: from_unit(space[each], unit)
                for each, unit in zip(space, proposal.point.tolist(), strict=True)
                if unit == unit
            }
            for each, value in proposal.params.items():
                if each in space:
                    self._proposed[each] = space[each].to_internal_repr(value)
        if name in self._proposed:
            return self._proposed[name]
        self._lane += 1
        return self._population.draw(self._number, self._lane, name, domain)
