"""Trials with several arms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trimtab.errors import InvalidArgument
from trimtab.experiment.arm import Arm, GeneratorRun, check_weight
from trimtab.experiment.rows import ARM, STATUS_QUO, batch_of, fill
from trimtab.experiment.status import STATUS
from trimtab.experiment.trial import BaseTrial
from trimtab.records import FrozenTrial, Outcome, TrialState, TrialUpdate


class BatchTrial(BaseTrial):
    """A trial with several arms that run at the same time, each with a weight."""

    def rows(self) -> list[FrozenTrial]:
        """The study's trials that hold its arms, the first one first."""
        study = self.experiment.study
        with study.storage.lock:
            history = study.history
            numbers = [
                number
                for number in history.with_system_attrs()
                if batch_of(number, history.system_attrs(number)) == self.index
            ]
        rows = [study.storage.trial(study.study_id, number) for number in sorted(numbers)]
        return [row for row in rows if row.space or row.number == self.index]

    @property
    def arm_weights(self) -> dict[str, float]:
        """Weights by arm name."""
        return {
            str(self.arm_of(row).name): float(row.system_attrs[ARM].get("weight", 1.0))
            for row in self.rows()
            if row.space
        }

    def normalized_arm_weights(self, total: float = 1.0) -> dict[str, float]:
        """Weights by arm name, of the arms that are not abandoned; they sum up to ``total``."""
        given = {
            name: weight
            for name, weight in self.arm_weights.items()
            if name not in self.abandoned_arm_names
        }
        return {name: total * weight / sum(given.values()) for name, weight in given.items()}

    @property
    def status_quo(self) -> Arm | None:
        """The status quo, where it is one of the arms."""
        return self.arms_by_name.get(STATUS_QUO)

    @property
    def abandoned_arm_names(self) -> set[str]:
        """Names of the arms that are given up."""
        return {
            str(self.arm_of(row).name)
            for row in self.rows()
            if row.system_attrs.get(ARM, {}).get("abandoned")
        }

    @property
    def abandoned_arms(self) -> list[Arm]:
        """The arms that are given up."""
        gone = self.abandoned_arm_names
        return [arm for arm in self.arms if arm.name in gone]

    def add_arm(self, arm: Arm, weight: float = 1.0) -> BatchTrial:
        """Add an arm.

        Raises:
            WrongStatus: If the trial is no CANDIDATE.
            InvalidArgument: If the arm is outside the search space, or its name is taken.
        """
        return self.add_arms_and_weights([arm], [weight])

    def add_arms_and_weights(
        self, arms: Sequence[Arm], weights: Sequence[float] | None = None
    ) -> BatchTrial:
        """Add arms; see `add_arm`."""
        return self.add_generator_run(GeneratorRun(arms, weights))

    def add_generator_run(self, generator_run: GeneratorRun) -> BatchTrial:
        """Add arms that were proposed; see `add_arm`."""
        fill(self, generator_run, len(self.arms))
        return self

    def set_status_quo_with_weight(self, status_quo: Arm, weight: float = 1.0) -> BatchTrial:
        """Add the status quo as an arm, or change the weight of the one that is there."""
        for row in self.rows():
            place = row.system_attrs.get(ARM, {})
            if row.space and place.get("name") == STATUS_QUO:
                study = self.experiment.study
                update = TrialUpdate(system_attrs={ARM: {**place, "weight": check_weight(weight)}})
                study.storage.write(study.study_id, row.number, None, update)
                return self
        return self.add_arm(Arm(status_quo.parameters, STATUS_QUO), weight)

    def mark_arm_abandoned(self, arm_name: str, reason: str | None = None) -> BatchTrial:
        """Give up one arm; the others go on.

        Raises:
            InvalidArgument: If there is no such arm.
        """
        study = self.experiment.study
        rows = {str(self.arm_of(row).name): row for row in self.rows() if row.space}
        if arm_name not in rows:
            raise InvalidArgument("arm_name", f"one of {list(rows)}", arm_name)
        row = rows[arm_name]
        place = {**row.system_attrs[ARM], "abandoned": True}
        attrs: dict[str, Any] = {ARM: place}
        if row.number == self.index:  # whose state would pass for that of the whole batch
            attrs[STATUS] = self.status.name
        outcome = Outcome(TrialState.FAIL, reason=reason)
        study.storage.finish(
            study.study_id, row.number, None, outcome, TrialUpdate(system_attrs=attrs)
        )
        return self
