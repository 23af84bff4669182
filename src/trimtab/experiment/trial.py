"""The life of an experiment's trials: deployed, marked, stopped, ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trimtab.errors import AttributeConflict, InvalidArgument, InvalidType, WrongStatus, short_repr
from trimtab.experiment.arm import Arm, GeneratorRun
from trimtab.experiment.handle import METADATA, TrialHandle
from trimtab.experiment.rows import fill
from trimtab.experiment.runner import Runner
from trimtab.experiment.status import STATUS, TrialStatus, status_of
from trimtab.records import Outcome, TrialState, TrialUpdate
from trimtab.space import encode_json
from trimtab.study.leases import worker_id

DEPLOYING: Final = "deploying"
"""System attribute: the process that is deploying the trial right now, or died in doing so."""
_BEFORE: Final = {
    TrialStatus.STAGED: (TrialStatus.CANDIDATE,),
    TrialStatus.RUNNING: (TrialStatus.CANDIDATE, TrialStatus.STAGED),
    TrialStatus.COMPLETED: (TrialStatus.RUNNING,),
    TrialStatus.EARLY_STOPPED: (TrialStatus.RUNNING,),
    TrialStatus.FAILED: (TrialStatus.CANDIDATE, TrialStatus.STAGED, TrialStatus.RUNNING),
    TrialStatus.ABANDONED: (TrialStatus.CANDIDATE, TrialStatus.STAGED, TrialStatus.RUNNING),
}
"""From where a trial may come to each status."""


_ENDS: Final = tuple(status for status in TrialStatus if status.is_terminal)


class BaseTrial(TrialHandle):
    """A trial of an experiment: what it is, and how it comes to its end."""

    def run(self) -> BaseTrial:
        """Deploy it with the experiment's runner.

        It is then RUNNING, or STAGED where the runner says so. That it is being deployed is
        written before the runner is called, so that nobody deploys it twice.

        Raises:
            WrongStatus: If it is no CANDIDATE, or somebody else deploys it.
            InvalidArgument: If the experiment has no runner.
            InvalidType: If what the runner returns is no mapping, or JSON cannot hold it; the
                trial then fails, as nobody could find it again.
        """
        runner = self._runner()
        self.claim()
        try:
            metadata = runner.run(self)
        except Exception:
            self.release()
            raise
        return self.deployed(metadata)

    def claim(self, of: str | None = None) -> None:
        """Write that this process is about to deploy it.

        Args:
            of: The process that was, and is known to be dead; None: nobody was.

        Raises:
            WrongStatus: If it is no CANDIDATE, or another process was first.
        """
        if (status := self.status) is not TrialStatus.CANDIDATE:
            raise WrongStatus(
                f"Trial {self.index} is {status.name}; expected CANDIDATE, as only that is run."
            )
        expected = {STATUS: TrialStatus.CANDIDATE.name, DEPLOYING: of}
        try:
            self._write({DEPLOYING: worker_id()}, expected)
        except AttributeConflict as error:
            raise WrongStatus(f"Trial {self.index} is being deployed by somebody else.") from error

    def release(self) -> None:
        """Write that it is not being deployed after all."""
        self._write({DEPLOYING: None})

    def deployed(self, metadata: Any) -> BaseTrial:
        """Store what the runner returned; see `run`."""
        kept = {} if metadata is None else metadata
        if not (isinstance(kept, Mapping) and _is_json(kept)):
            reason = f"its runner returned {short_repr(metadata)}, which JSON cannot hold"
            self.mark_failed(reason)
            raise InvalidType("run", "a mapping that JSON can hold, from the runner", metadata)
        staged = self._runner().staging_required
        status = TrialStatus.STAGED if staged else TrialStatus.RUNNING
        self._write({METADATA: dict(kept), STATUS: status.name, DEPLOYING: None})
        return self

    def mark_staged(self) -> BaseTrial:
        """It is deployed, and does not run yet."""
        return self._mark(TrialStatus.STAGED)

    def mark_running(self, no_runner_required: bool = False) -> BaseTrial:
        """It runs now.

        Args:
            no_runner_required: Say so for a trial that is run by hand.

        Raises:
            WrongStatus: If it has ended, or is a CANDIDATE and the experiment has a runner.
        """
        if (
            not no_runner_required
            and self.experiment.runner is not None
            and self.status is TrialStatus.CANDIDATE
        ):
            raise WrongStatus(
                f"Trial {self.index} is a CANDIDATE of an experiment with a runner: call `run`, "
                "or mark_running(no_runner_required=True)."
            )
        return self._mark(TrialStatus.RUNNING)

    def mark_completed(self) -> BaseTrial:
        """It has ended, and its metrics may be fetched: see `Experiment.fetch_data`.

        Raises:
            WrongStatus: If it is not RUNNING; nothing happens where it is COMPLETED already.
        """
        if self.status is TrialStatus.COMPLETED:
            return self
        self._mark(TrialStatus.COMPLETED)
        if not self.arms:
            self._finish(Outcome(TrialState.FAIL, reason="the batch has no arms"))
        self.experiment.settle(self)
        return self

    mark_complete = mark_completed

    def mark_failed(self, reason: str | None = None) -> BaseTrial:
        """It ended without a result; its arms may be proposed again."""
        return self._end(TrialStatus.FAILED, Outcome(TrialState.FAIL, reason=reason))

    def mark_abandoned(self, reason: str | None = None) -> BaseTrial:
        """It is given up; its arms are not proposed again."""
        return self._end(TrialStatus.ABANDONED, Outcome(TrialState.FAIL, reason=reason))

    def mark_early_stopped(self) -> BaseTrial:
        """It was ended early, as it did not look promising; what was measured stays."""
        return self._end(TrialStatus.EARLY_STOPPED, None)

    def void(self, reason: str) -> BaseTrial:
        """It was COMPLETED, and its results cannot be had: it FAILED.

        Raises:
            WrongStatus: If it is not COMPLETED.
        """
        if (status := self.status) is not TrialStatus.COMPLETED:
            raise WrongStatus(f"Trial {self.index} is {status.name}; expected COMPLETED.")
        self._write({STATUS: TrialStatus.FAILED.name})
        self._finish(Outcome(TrialState.FAIL, reason=reason))
        return self

    def end_rows(self) -> None:
        """End those of its arms that one who died in ending the trial left running."""
        if self.status in (TrialStatus.FAILED, TrialStatus.ABANDONED):
            self._finish(Outcome(TrialState.FAIL, reason=self.failed_reason))

    def stop(self, new_status: TrialStatus, reason: str | None = None) -> BaseTrial:
        """End the deployment with the experiment's runner, and the trial.

        Args:
            new_status: COMPLETED, ABANDONED, FAILED or EARLY_STOPPED.
            reason: Told to the runner, and kept with a trial that failed.
        """
        if new_status not in _ENDS:
            raise InvalidArgument("new_status", f"one of {[end.name for end in _ENDS]}", new_status)
        self._runner().stop(self, reason)
        if new_status is TrialStatus.FAILED:
            return self.mark_failed(reason)
        if new_status is TrialStatus.ABANDONED:
            return self.mark_abandoned(reason)
        if new_status is TrialStatus.EARLY_STOPPED:
            return self.mark_early_stopped()
        return self.mark_completed()

    # ------------------------------------------------------------------ how it is written

    def _runner(self) -> Runner:
        runner = self.experiment.runner
        if runner is None:
            raise InvalidArgument("runner", "an experiment with a runner", None)
        return runner

    def _write(self, attrs: Mapping[str, Any], expected: Mapping[str, Any] | None = None) -> None:
        study = self.experiment.study
        update = TrialUpdate(system_attrs=attrs, expected=expected or {})
        study.storage.write(study.study_id, self.index, None, update)

    def _mark(self, status: TrialStatus) -> BaseTrial:
        head = self.head()
        now = status_of(head)
        if now is status:
            return self
        if now not in _BEFORE[status]:
            raise WrongStatus(
                f"Trial {self.index} is {now.name}; expected "
                f"{' or '.join(before.name for before in _BEFORE[status])} to become {status.name}."
            )
        try:
            self._write({STATUS: status.name}, {STATUS: head.system_attrs.get(STATUS)})
        except AttributeConflict as error:
            raise WrongStatus(
                f"Trial {self.index} was {now.name} and has been changed by somebody else: it is "
                f"{self.status.name} now."
            ) from error
        return self

    def _end(self, status: TrialStatus, outcome: Outcome | None) -> BaseTrial:
        self._mark(status)
        self._finish(outcome)
        return self

    def _finish(self, outcome: Outcome | None) -> None:
        """End the study's trials; None: as PRUNED, with what they have reported."""
        from trimtab.study.outcome import pruned_outcome

        study = self.experiment.study
        for row in self.rows():
            if not row.state.is_finished():
                end = outcome or pruned_outcome(row, len(study.directions))
                study.storage.finish(study.study_id, row.number, None, end)


class Trial(BaseTrial):
    """A trial with one arm."""

    @property
    def arm(self) -> Arm | None:
        """Its arm, or None before it has one."""
        arms = self.arms
        return arms[0] if arms else None

    def add_arm(self, arm: Arm) -> Trial:
        """Give it its arm.

        Raises:
            WrongStatus: If it has one, or is no CANDIDATE.
            InvalidArgument: If the arm is outside the search space.
        """
        return self.add_generator_run(GeneratorRun([arm]))

    def add_generator_run(self, generator_run: GeneratorRun) -> Trial:
        """Give it the one arm that was proposed; see `add_arm`.

        Raises:
            InvalidArgument: If there is not just one.
        """
        if len(generator_run.arms) != 1:
            raise InvalidArgument(
                "generator_run", "one arm (new_batch_trial takes several)", len(generator_run.arms)
            )
        if self.arms:
            raise WrongStatus(f"Trial {self.index} has its arm already.")
        fill(self, generator_run, 0)
        return self


def _is_json(metadata: Mapping[Any, Any]) -> bool:
    try:
        encode_json(dict(metadata))
    except InvalidType:
        return False
    return True
