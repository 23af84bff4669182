"""Whose attributes are meant: a study's, a running trial's, a trial's as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from trimtab.errors import InvalidArgument, InvalidType, UnknownTrial
from trimtab.records import FrozenTrial, TrialUpdate

if TYPE_CHECKING:
    from trimtab.storage import Storage


class StudyHandle(Protocol):
    """A study, as `trimtab.Study` is one."""

    @property
    def storage(self) -> Storage:
        """Where it is kept."""
        ...

    @property
    def study_id(self) -> int:
        """Its key there."""
        ...


class TrialHandle(StudyHandle, Protocol):
    """A running trial, as `trimtab.Trial` is one."""

    @property
    def number(self) -> int:
        """Its number in the study."""
        ...

    @property
    def attempt(self) -> int:
        """Which run of the trial this is."""
        ...


AttributeOwner: TypeAlias = StudyHandle | TrialHandle | FrozenTrial
"""What artifacts, notes and widgets can belong to."""


@dataclass(frozen=True, slots=True)
class SystemAttributes:
    """The system attributes of one study or trial, in its storage.

    Attributes:
        storage: Where the study is kept.
        study_id: The study.
        number: The trial; None: the study itself.
        attempt: Which attempt of the trial writes; None: a person, or no attempt in particular.
    """

    storage: Storage
    study_id: int
    number: int | None = None
    attempt: int | None = None

    @classmethod
    def of(
        cls,
        owner: AttributeOwner,
        *,
        storage: Storage | None = None,
        study: StudyHandle | None = None,
    ) -> SystemAttributes:
        """Those of ``owner``.

        Args:
            owner: A study, a running trial, or a `FrozenTrial`, which knows its number only.
            storage: For a `FrozenTrial`: where to look for the study it was read from.
            study: For a `FrozenTrial`: the study itself.

        Raises:
            InvalidArgument: If it cannot be told which study a `FrozenTrial` belongs to.
            InvalidType: If ``owner`` is none of these.
            UnknownTrial: If ``study`` has no such trial.
        """
        if isinstance(owner, FrozenTrial):
            if study is not None:
                study.storage.trial(study.study_id, owner.number)
                return cls(study.storage, study.study_id, owner.number)
            return cls._of_frozen(owner, storage)
        if not hasattr(owner, "study_id"):
            raise InvalidType("study_or_trial", "a study or a trial", owner)
        where = owner.storage if storage is None else storage
        if hasattr(owner, "number"):
            trial = cast("TrialHandle", owner)
            return cls(where, trial.study_id, trial.number, trial.attempt)
        return cls(where, owner.study_id)

    @classmethod
    def _of_frozen(cls, trial: FrozenTrial, storage: Storage | None) -> SystemAttributes:
        # Optuna's trials are known by an id that is unique in a storage. Ours are not, but the
        # microsecond at which a trial began, with its parameters, tells it from all others.
        if storage is None:
            raise InvalidArgument("study", "the study to which the FrozenTrial belongs", None)
        found = []
        for study in storage.studies():
            try:
                stored = storage.trial(study.id, trial.number)
            except UnknownTrial:
                continue
            if _is_same(stored, trial):
                found.append(study)
        if len(found) != 1:
            names = [study.name for study in found]
            raise InvalidArgument(
                "study",
                "the study to which the FrozenTrial belongs, as its storage holds "
                f"{names or 'none'} with such a trial",
                None,
            )
        return cls(storage, found[0].id, trial.number)

    def read(self) -> Mapping[str, Any]:
        """The attributes as they are now."""
        if self.number is None:
            return self.storage.study(self.study_id).system_attrs
        return self.storage.trial(self.study_id, self.number).system_attrs

    def write(self, attrs: Mapping[str, Any], expected: Mapping[str, Any] | None = None) -> None:
        """Set some of them, durably; None removes one.

        Args:
            attrs: By name.
            expected: What some of them must be when the others are set; None: not there.

        Raises:
            AttributeConflict: If one that is expected is not so; nothing changes.
            StaleAttempt: If the trial was reclaimed by another worker.
        """
        if self.number is None:
            self.storage.set_study_attrs(self.study_id, system=attrs, expected=expected)
            return
        update = TrialUpdate(system_attrs=attrs, expected=expected or {})
        self.storage.write(self.study_id, self.number, self.attempt, update)


def read_attributes(
    owner: AttributeOwner, *, storage: Storage | None = None, study: StudyHandle | None = None
) -> Mapping[str, Any]:
    """The system attributes of ``owner``; a `FrozenTrial` alone answers from what it holds."""
    if isinstance(owner, FrozenTrial) and storage is None and study is None:
        return owner.system_attrs
    return SystemAttributes.of(owner, storage=storage, study=study).read()


def _is_same(stored: FrozenTrial, trial: FrozenTrial) -> bool:
    """Whether both are one trial, which may have got more parameters after it was read."""
    now, then = stored.params, trial.params
    return stored.started == trial.started and all(now.get(name) == then[name] for name in then)
