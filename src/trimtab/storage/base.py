"""The contract of a storage, and what every storage checks before it writes.

A trial's whole life is one write to ask (`Storage.start`), one per batch of reports
(`Storage.write`) and one to tell (`Storage.finish`). Records are passed by value. Every change to a
study raises its revision, so that a reader fetches only what is new (`Storage.changes`).

Every storage keeps these promises, and `trimtab.testing` has the suite that holds it to them:

- what a method returned from is durable; what it did not return from is wholly there or wholly
  absent;
- numbers are dense and unique under any number of writers;
- finishing is a compare-and-set: the first tell wins, the same tell again is answered the same,
  a different one raises `TrialFinished`, one from a reclaimed attempt raises `StaleAttempt`;
- a write with a ticket is done once, however often it is made, also by another process;
- what is written on a condition (``expected``) is written while that holds, or not at all;
- only a person changes what has finished (`Storage.amend`), and every reader learns of it;
- a row that cannot be read is set aside and named (`Changes.damaged`), and the rest loads.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from trimtab.errors import AttributeConflict, InvalidArgument, UnknownStudy
from trimtab.records import (
    EMPTY_SPACE,
    FrozenTrial,
    History,
    Outcome,
    Report,
    StudyDirection,
    StudyRecord,
    StudySummary,
    TrialState,
    TrialUpdate,
)
from trimtab.space import Internal, Space, check_compatible, check_name, decode_json, encode_json

MAX_ATTEMPTS = 3
"""How often a trial is run before it fails for good, unless the lease says otherwise."""


TICKET_SECONDS = 600.0
"""How long, at least, a storage knows what was made or added with a ticket."""


@dataclass(frozen=True, slots=True)
class Lease:
    """For how long a worker owns a trial unless it renews.

    Attributes:
        seconds: By the storage's clock; None: for ever (a trial that waits for a person).
        worker: Who owns it, for people to read.
        max_attempts: Runs of one trial, at least 1, before an expired lease makes it FAIL.
    """

    seconds: float | None = None
    worker: str = ""
    max_attempts: int = MAX_ATTEMPTS

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise InvalidArgument("seconds", "a positive number or None", self.seconds)
        if self.max_attempts < 1:
            raise InvalidArgument("max_attempts", "at least 1", self.max_attempts)
        if self.worker:
            check_name("worker", self.worker)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Names one write, for who may have to send it again: it is done once.

    Attributes:
        token: Random, from 0 to 2**63 - 1.
        again: Whether it may have been done before, so that it is worth looking for; not so
            where it is sent for the first time.
    """

    token: int
    again: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.token < 1 << 63:
            raise InvalidArgument("token", "a whole number from 0 to 2**63 - 1", self.token)


@dataclass(frozen=True, slots=True)
class Held:
    """A running trial's lease, as others see it.

    Attributes:
        number: The trial.
        attempt: Which attempt holds it.
        worker: Who holds it.
        remaining: Seconds until it runs out by the storage's clock, negative when it has; None:
            for ever.
    """

    number: int
    attempt: int
    worker: str
    remaining: float | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A trial to be started: what the sampler proposed.

    Attributes:
        space: Distributions of the parameters that are certain to be part of the trial.
        point: Internal values in the order of ``space``.
        user_attrs: JSON values.
        system_attrs: JSON values, among them the sampler's state.
        started: Microseconds since the epoch, UTC; 0: let the storage say.
    """

    space: Space = EMPTY_SPACE
    point: tuple[Internal, ...] = ()
    user_attrs: Mapping[str, Any] = field(default_factory=dict)
    system_attrs: Mapping[str, Any] = field(default_factory=dict)
    started: int = 0


@dataclass(frozen=True, slots=True)
class Write:
    """One of several writes that are made at one time.

    Attributes:
        number: The trial.
        update: What to add.
        state: RUNNING (for ever its driver's), WAITING or PAUSED: what an unfinished trial is
            from now on; None: what it was.
        attempt: Which attempt writes; None skips the check.
    """

    number: int
    update: TrialUpdate = field(default_factory=TrialUpdate)
    state: TrialState | None = None
    attempt: int | None = None

    def __post_init__(self) -> None:
        if self.state is not None and self.state.is_finished():
            raise InvalidArgument("state", "RUNNING, WAITING or PAUSED", self.state)


@dataclass(frozen=True, slots=True)
class Changes:
    """All that changed in a study since a revision.

    Attributes:
        revision: Where a reader stands that has taken this over.
        trials: New and changed trials without reports: first those that have not finished, by
            number, then those that have, in the order in which they finished. A reader that
            begins at 0 thus sees the order that one who was there saw, whatever was done to
            finished trials since (an attribute, an archive flag).
        reports: New reports as (trial number, report), in the order in which they were written;
            of a trial with another attempt than before, all it has: earlier ones are void.
        deleted: Numbers of trials that were deleted.
        damaged: Numbers of trials whose rows cannot be read, and why.
    """

    revision: int
    trials: tuple[FrozenTrial, ...] = ()
    reports: tuple[tuple[int, Report], ...] = ()
    deleted: tuple[int, ...] = ()
    damaged: Mapping[int, str] = field(default_factory=dict)


class Storage(ABC):
    """Keeps studies. All methods may be called from any thread.

    Unknown studies raise `UnknownStudy`, unknown trial numbers `UnknownTrial`; a storage that
    cannot be reached, is locked or is full raises a `StorageError`.

    Attributes:
        lease_seconds: How long a worker of `Study.optimize` owns a trial unless it renews.
        max_retries: How often it runs a trial again whose worker died.
    """

    lease_seconds: float = 60.0
    max_retries: int = MAX_ATTEMPTS - 1

    def __init__(self) -> None:
        self._histories: dict[int, History] = {}
        self._histories_lock = threading.RLock()

    # ------------------------------------------------------------------ studies

    @abstractmethod
    def create_study(
        self, name: str, directions: Sequence[StudyDirection], ticket: Ticket | None = None
    ) -> StudyRecord:
        """A new study; raises `DuplicateStudy` if the name is taken.

        Args:
            name: Of the study.
            directions: One per objective.
            ticket: If the study of that name was made with it in the last `TICKET_SECONDS`, it
                is the answer, and nothing changes.
        """

    @abstractmethod
    def delete_study(self, study_id: int) -> None:
        """Remove a study and all its trials."""

    @abstractmethod
    def find_study(self, name: str) -> StudyRecord:
        """The study of that name; raises `UnknownStudy`."""

    @abstractmethod
    def study(self, study_id: int) -> StudyRecord:
        """The study as it is now; raises `UnknownStudy`."""

    @abstractmethod
    def studies(self) -> list[StudyRecord]:
        """All studies, in the order in which they were created."""

    @abstractmethod
    def revisions(self) -> dict[int, int]:
        """The revision of every study by its id: what to ask often, to learn of news.

        Holds up no writer, and costs little whatever the studies hold.
        """

    @abstractmethod
    def summaries(self) -> list[StudySummary]:
        """All studies and what their trials come to, in the order of creation.

        Counted where the trials are kept: none is loaded.
        """

    @abstractmethod
    def update_study(
        self,
        study_id: int,
        *,
        name: str | None = None,
        metric_names: Sequence[str] | None = None,
        archived: bool | None = None,
    ) -> StudyRecord:
        """Change what is not None; raises `DuplicateStudy` if the name is taken."""

    @abstractmethod
    def set_study_attrs(
        self,
        study_id: int,
        *,
        user: Mapping[str, Any] | None = None,
        system: Mapping[str, Any] | None = None,
        expected: Mapping[str, Any] | None = None,
    ) -> None:
        """Set attributes to values `encode_json` accepts, all or none.

        None removes a system attribute; as a user attribute it is a value like any other.

        Args:
            study_id: The study.
            user: Attributes of users.
            system: Attributes of Trimtab's.
            expected: System attributes that must have these values (None: must not be there)
                when the others are set.

        Raises:
            AttributeConflict: If one that is expected is not so; nothing changes.
        """

    # ------------------------------------------------------------------ a trial's life

    @abstractmethod
    def start(
        self, study_id: int, draft: Draft | None, lease: Lease, ticket: Ticket | None = None
    ) -> FrozenTrial | None:
        """Begin a trial: the oldest that waits, else one whose lease ran out, else a new one.

        A trial that waited or was reclaimed keeps its number, parameters and attributes. A
        reclaimed one gets the next attempt number and goes on from its last checkpoint, so that
        it loses the reports after that; if it used up the ``max_attempts`` of the lease that ran
        out, it becomes FAIL instead and the search goes on. Archived trials are not taken.

        Args:
            study_id: The study.
            draft: The new trial; None to take only what waits.
            lease: How long it is ours.
            ticket: If a trial that was begun with it is still running at the attempt that was,
                that is the answer, and nothing changes.

        Returns:
            The RUNNING trial, or None where there was nothing to take and no draft.
        """

    @abstractmethod
    def add(
        self, study_id: int, trials: Sequence[FrozenTrial], ticket: Ticket | None = None
    ) -> list[int]:
        """Append trials in any state as they are, all or none; their numbers are replaced.

        Args:
            study_id: The study.
            trials: At least one, if anything is to happen.
            ticket: If trials were added with it in the last `TICKET_SECONDS`, their numbers are
                the answer, and nothing changes, whatever became of them.

        Returns:
            The numbers they got, which are consecutive.
        """

    @abstractmethod
    def write(self, study_id: int, number: int, attempt: int | None, update: TrialUpdate) -> None:
        """Add to an unfinished trial (attributes also to a finished one), all or nothing.

        Args:
            study_id: The study.
            number: The trial.
            attempt: Which attempt writes; None skips the check (a person, a dashboard).
            update: What to add. None as a system attribute's value removes it; as a user
                attribute's it is a value.

        Raises:
            StaleAttempt: If the trial is at another attempt.
            TrialFinished: If it has finished and the update is more than attributes.
            AttributeConflict: If the trial is not as the update expects it to be.
        """

    @abstractmethod
    def write_all(self, study_id: int, writes: Sequence[Write]) -> None:
        """Write to several trials, at most once to each: all of it or nothing.

        Raises:
            StaleAttempt: If a trial is at another attempt than its write.
            TrialFinished: If one has finished and its write is more than attributes.
            InvalidArgument: If a trial is written to twice.
        """

    @abstractmethod
    def finish(
        self,
        study_id: int,
        number: int,
        attempt: int | None,
        outcome: Outcome,
        update: TrialUpdate | None = None,
        finished: int = 0,
    ) -> FrozenTrial:
        """End a trial, with a last update in the same write.

        Args:
            study_id: The study.
            number: A RUNNING or PAUSED trial, or a WAITING one (which then never runs).
            attempt: Which attempt tells; None skips the check.
            outcome: How it ended; its number of values must be the study's (any end but
                COMPLETE may have none).
            update: Written together with the end.
            finished: Microseconds since the epoch, UTC; 0: now.

        Returns:
            The trial as stored. Telling the same again returns the same.

        Raises:
            TrialFinished: If it ended otherwise before; nothing changes.
            StaleAttempt: If it is at another attempt.
            InvalidArgument: If the number of values is not the study's.
        """

    @abstractmethod
    def amend(
        self,
        study_id: int,
        number: int,
        outcome: Outcome | None,
        update: TrialUpdate | None = None,
    ) -> FrozenTrial:
        """Correct the outcome of a finished trial, or reopen it, as a person may.

        With an outcome the trial keeps its times, its attempt and its place among the finished
        ones, and its state, values, standard errors and reason are replaced. Without one it is
        RUNNING again under the next attempt number, so that whoever ended it before cannot end
        it once more; its lease is for ever, and its reports stay.

        Args:
            study_id: The study.
            number: A finished trial.
            outcome: How it ended; None reopens it.
            update: Written together with that: anything but reports.

        Returns:
            The trial as stored.

        Raises:
            TrialUnfinished: If it has not finished; `finish` ends it.
            InvalidArgument: If the number of values is not the study's, or on reports.
        """

    @abstractmethod
    def renew(self, study_id: int, held: Mapping[int, int], seconds: float) -> list[int]:
        """Extend the leases of running trials.

        Args:
            study_id: The study.
            held: Attempt by trial number.
            seconds: From now.

        Returns:
            Numbers that are no longer ours: reclaimed, finished or deleted by someone else.
        """

    @abstractmethod
    def leases(self, study_id: int) -> list[Held]:
        """The leases of all running trials, in order of number."""

    @abstractmethod
    def expire(self, study_id: int, number: int, attempt: int) -> bool:
        """End the lease of a running trial at once, as its worker is known to be dead.

        Returns:
            Whether the trial was running at that attempt; it is now free to be reclaimed.
        """

    @abstractmethod
    def set_state(self, study_id: int, number: int, attempt: int | None, state: TrialState) -> None:
        """Move an unfinished trial to WAITING or PAUSED; its lease ends.

        Raises:
            TrialFinished: If it has finished.
            StaleAttempt: If it is at another attempt.
            InvalidArgument: On another state.
        """

    @abstractmethod
    def archive_trials(self, study_id: int, numbers: Sequence[int], archived: bool = True) -> None:
        """Set trials aside, or take them back: hidden from lists and from samplers."""

    @abstractmethod
    def delete_trials(self, study_id: int, numbers: Sequence[int]) -> None:
        """Remove trials for good; their numbers are not given again."""

    # ------------------------------------------------------------------ reading

    @abstractmethod
    def trial(self, study_id: int, number: int) -> FrozenTrial:
        """One trial with its reports."""

    @abstractmethod
    def changes(self, study_id: int, since: int) -> Changes:
        """All that changed after revision ``since``; 0 for everything."""

    def history(self, study_id: int) -> History:
        """The study's history, brought up to date; shared by all callers in this process.

        Hold `lock` while reading it where other threads may be writing.
        """
        with self._histories_lock:
            history = self._histories.get(study_id)
            if history is None:
                history = self._histories[study_id] = History(self.study(study_id).directions)
            absorb(history, self.changes(study_id, history.revision))
            return history

    def forget(self, study_id: int) -> None:
        """Let go of a study's history, for its memory's sake; the next reader loads it anew."""
        with self._histories_lock:
            self._histories.pop(study_id, None)

    @property
    def lock(self) -> threading.RLock:
        """Guards the histories of this storage in this process."""
        return self._histories_lock

    def close(self) -> None:
        """Let go of connections; the storage may not be used afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def absorb(history: History, changes: Changes) -> None:
    """Bring a history to the revision of some changes."""
    for trial in changes.trials:
        history.apply(trial, reports=False)
    for number, report in changes.reports:
        history.apply_report(number, report)
    for number in changes.deleted:
        history.remove(number)
    history.revision = changes.revision


def check_once(writes: Sequence[Write]) -> None:
    """Refuse two writes to one trial."""
    numbers = [write.number for write in writes]
    if len(set(numbers)) < len(numbers):
        raise InvalidArgument("writes", "at most one for each trial", numbers)


def check_outcome(study: Sequence[StudyDirection], outcome: Outcome) -> None:
    """Refuse an outcome with the wrong number of values; none is right for any number."""
    if outcome.values is not None and len(outcome.values) != len(study):
        raise InvalidArgument("values", f"{len(study)} values, one per direction", outcome.values)


def check_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes with checked names, their values copied as JSON would bring them back.

    Records hold plain Python values; a storage that writes text uses `encode_json` and
    `decode_json`, so that tuples and non-finite floats come back as they were.
    """
    return {check_name("key", key): decode_json(encode_json(v)) for key, v in attrs.items()}


def check_expected(attrs: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Refuse to write where attributes are not what the writer believes; None: not there.

    Raises:
        AttributeConflict: Naming the first one that differs.
    """
    for key, value in expected.items():
        if encode_json(attrs.get(key)) != encode_json(value):
            raise AttributeConflict(key)


def check_space(known: Space, new: Space) -> None:
    """Refuse a space that gives a known parameter a distribution of another kind.

    Every method that takes a space (`start`, `write`, `add`, `finish`) holds it against the
    study's earlier ones; bounds and steps may change, kinds, scales and choices may not.

    Raises:
        IncompatibleDistribution: Naming the parameter.
    """
    if new is known:
        return
    for name, distribution in new.items():
        if name in known and known[name] is not distribution:
            check_compatible(name, known[name], distribution)


def unknown_study(name: object) -> UnknownStudy:
    """The error for a study that is not there."""
    return UnknownStudy(f"`study_name`: expected a study of this storage, got {name!r}.")
