"""The course of members: what was decided is done, at their workers, their files, their records."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from trimtab.records import TrialState
from trimtab.records.lineage import flat_config
from trimtab.schedulers import Continue, Decision, Exploit, Pause, Stop
from trimtab.tune.executors.base import Executor
from trimtab.tune.journal import Journal
from trimtab.tune.judge import Judge
from trimtab.tune.members import BEGAN, CONFIG, LINEAGE, Member, Phase, Saved, newest_whole
from trimtab.tune.population import Population
from trimtab.tune.retention import Retention
from trimtab.tune.session import Assignment
from trimtab.tune.storing import json_config, own
from trimtab.tune.trainable import Needs
from trimtab.tune.watch import Watch

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """With what every member of a run is started.

    Attributes:
        run_name: The run's name.
        save_every: Class trainables save every so many reports; 0: when it is needed.
        save_at_end: Whether they save after their last.
        capture: Whether what members print goes to files.
        needs: What a member with a config needs.
    """

    run_name: str
    save_every: int
    save_at_end: bool
    capture: bool
    needs: Needs


class Course:
    """Does with members what was decided.

    Args:
        population: Knows what each does.
        executor: Runs them; open.
        journal: Has what they reported.
        judge: Says how far they may go.
        retention: Decides which checkpoints stay.
        terms: With what they are started.
        watch: Is told of it.
    """

    def __init__(
        self,
        population: Population,
        executor: Executor,
        journal: Journal,
        judge: Judge,
        retention: Retention,
        terms: Terms,
        watch: Watch,
    ) -> None:
        self._population = population
        self._executor = executor
        self._journal = journal
        self._judge = judge
        self._retention = retention
        self._terms = terms
        self._watch = watch

    # ------------------------------------------------------------------ going on

    def start(self, member: Member) -> None:
        """Let a member run that has no worker, or that rests at its own."""
        self._population.move(member, Phase.RUNNING)
        self._journal.set_state(member, TrialState.RUNNING)
        go = self._judge.horizon(member)
        if member.has_worker:
            self._executor.go(member.number, go)
            return
        member.has_worker = True
        self._watch.on_start(member)
        saved = self._whole(member)
        if saved is None:
            member.iteration, member.seconds = 0, 0.0
        else:
            member.iteration, member.seconds = saved.iteration, saved.seconds
        terms = self._terms
        self._executor.start(
            Assignment(
                number=member.number,
                config=own(member.config),
                name=member.name,
                run_name=terms.run_name,
                folder=member.folder,
                checkpoint=None if saved is None else saved.path,
                iteration=member.iteration,
                step=0 if saved is None else saved.step,
                until=go.until,
                save_at=go.save_at,
                save_every=terms.save_every,
                save_at_end=terms.save_at_end,
                seconds=member.seconds,
                resources=terms.needs(member.config),
                capture=terms.capture,
            )
        )

    def go_on(self, member: Member) -> None:
        """Let a member that waits run on; one that rests, as soon as there is room for it."""
        if member.phase is Phase.RESTING:
            self._population.move(member, Phase.READY)
        elif member.has_worker:
            self._executor.go(member.number, self._judge.horizon(member))

    def take(self, member: Member, decision: Decision) -> None:
        """Do what was decided for a member that waits or rests."""
        self._journal.note(member, decision.state)
        if isinstance(decision, Stop):
            self.leave(member, TrialState.COMPLETE if decision.completes else TrialState.PRUNED)
        elif isinstance(decision, Pause):
            self._population.move(member, Phase.RESTING)
            self._journal.set_state(member, TrialState.PAUSED)
        elif isinstance(decision, Continue) and decision.yields:
            self._population.move(member, Phase.READY)
        elif not (isinstance(decision, Exploit) and self._exploit(member, decision)):
            self.go_on(member)

    def rescue(self, member: Member, decision: Exploit) -> bool:
        """Give a member that failed a donor's state; False where the donor has none."""
        member.rescues += 1
        self._journal.note(member, decision.state)
        return self._exploit(member, decision)

    def retry(self, member: Member) -> None:
        """Let a member begin again from its last checkpoint, as soon as there is room for it."""
        self._population.move(member, Phase.READY)

    def _exploit(self, member: Member, decision: Exploit) -> bool:
        """Give a member its donor's state; False where the donor has none yet."""
        donor = self._population.members[decision.donor]
        saved = self._whole(donor)
        if saved is None:
            _logger.warning(
                "Trial %s cannot go on from trial %s, which has no checkpoint.",
                member.name,
                donor.name,
            )
            return False
        config = self._judge.config_after(decision, donor)
        before, after = json_config(member.config), json_config(config)
        began = {} if member.lineage else {BEGAN: before}
        member.lineage.append([member.step, donor.number, saved.iteration, _changed(before, after)])
        member.config, member.checkpoint = config, replace(saved, step=member.step)
        self._journal.note(member, {**began, CONFIG: after, LINEAGE: member.lineage})
        self._watch.on_exploit(member, donor)
        self.drop(member)
        self._population.move(member, Phase.READY)
        return True

    def keep(self, member: Member, name: str, metrics: dict[str, float], step: int) -> None:
        """A member saved its state."""
        path = member.folder / name
        saved = Saved(path, member.number, step, member.iteration, member.seconds, metrics=metrics)
        member.checkpoint = saved
        self._retention.add(member, saved)
        self._watch.on_checkpoint(member)

    def _whole(self, member: Member) -> Saved | None:
        """The newest checkpoint from which a member can go on; those that are damaged are left."""
        if member.checkpoint is None:
            return None
        known = member.within_reach()
        member.checkpoint = newest_whole(known, member.name)
        place = 0 if member.checkpoint is None else known.index(member.checkpoint) + 1
        if place < len(known):
            self._retention.forget(member, known[place:])
        return member.checkpoint

    # ------------------------------------------------------------------ ending

    def leave(self, member: Member, state: TrialState = TrialState.COMPLETE) -> None:
        """End a member that does not run, at its worker if it has one."""
        if member.has_worker:
            member.ends_as = state
            self._population.move(member, Phase.ENDING)
            self._executor.end(member.number)
        else:
            self.finish(member, state)

    def kill(self, member: Member) -> None:
        """End a member that runs, where its worker can be taken away."""
        if self._executor.kill(member.number):
            member.has_worker = False
            self.finish(member, TrialState.COMPLETE)

    def drop(self, member: Member) -> None:
        """Let go of a member's worker, where it waits, and hear nothing more of it."""
        if member.has_worker:
            self._executor.drop(member.number)
            member.has_worker = False

    def finish(self, member: Member, state: TrialState, reason: str | None = None) -> None:
        """A member has ended."""
        self._population.move(member, Phase.ENDED)
        trial = self._journal.finish(member, state, reason)
        self._watch.on_end(member, trial)
        self._population.forget(member)


def _changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What is new or another in a config, by path; what is gone is None."""
    known, flat = flat_config(before), flat_config(after)
    gone = dict.fromkeys(known.keys() - flat.keys())
    return {name: v for name, v in flat.items() if name not in known or known[name] != v} | gone
