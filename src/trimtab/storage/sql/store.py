"""Studies in an SQL database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy.engine import make_url

from trimtab.errors import InvalidArgument, UnknownTrial, warn
from trimtab.records import (
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
from trimtab.storage.base import (
    Changes,
    Draft,
    Held,
    Lease,
    Storage,
    Ticket,
    Write,
    absorb,
    check_attrs,
    check_once,
    check_outcome,
    unknown_study,
)
from trimtab.storage.rules import (
    amended,
    check_attempt,
    check_open,
    ended,
    ended_alike,
    refuse_finished,
    updated,
)
from trimtab.storage.sql import leases, studies, tickets
from trimtab.storage.sql import statements as sql
from trimtab.storage.sql.database import PATIENCE, Database, forkables
from trimtab.storage.sql.faults import DuplicateKey
from trimtab.storage.sql.reading import (
    Damaged,
    Study,
    load,
    read_changes,
    read_study,
    read_trial,
)
from trimtab.storage.sql.session import Session
from trimtab.storage.sql.summaries import Count, count, summary
from trimtab.storage.sql.versions import prepare
from trimtab.storage.sql.writing import Writer, new_token

T = TypeVar("T")


class SQLStorage(Storage):
    """Keeps studies in SQLite, PostgreSQL, MySQL or MariaDB.

    Args:
        url: SQLAlchemy's, as ``sqlite:///file.db`` or ``postgresql+psycopg://host/database``.
            What was acknowledged outlives any process that is killed. On SQLite a cut of the
            machine's power may undo the last moments, though never damage the file;
            ``?synchronous=full`` waits for the disk at every write and outlives that, too.
        patience: Seconds for which a call waits for locks, or for a database that went away.

    Raises:
        StorageVersion: If the tables are of another version; the message names the command.
        StorageUnreadable: If this is no database.
    """

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        super().__init__()
        self.url = url
        self.patience = patience
        self.database = Database(make_url(url), patience)
        self._studies: dict[int, Study] = {}
        self._counts: dict[int, Count] = {}
        self._warned: set[tuple[int, int]] = set()
        try:
            prepare(self.database)
        except BaseException:
            self.database.close()
            raise
        forkables.add(self)

    def after_fork(self) -> None:
        """Begin anew in a child process: another thread may have been at work in the parent."""
        self._histories_lock = threading.RLock()
        self._histories, self._studies, self._counts = {}, {}, {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.url, self.patience, self.lease_seconds, self.max_retries)

    def close(self) -> None:
        self.database.close()

    # ------------------------------------------------------------------ studies

    def create_study(
        self, name: str, directions: Sequence[StudyDirection], ticket: Ticket | None = None
    ) -> StudyRecord:
        StudyRecord(0, name, tuple(directions))  # is checked when it is built

        def confirm(session: Session, record: StudyRecord) -> bool:
            return studies.get(session, record.id) == record

        try:
            return self.database.write(
                lambda session: studies.create(session, name, directions, ticket), confirm
            )
        except DuplicateKey:
            raise studies.duplicate(name) from None

    def delete_study(self, study_id: int) -> None:
        def confirm(session: Session, _: None) -> bool:
            return session.one(sql.GET_REVISION, of_study=study_id) is None

        self.database.write(lambda session: studies.remove(session, study_id), confirm)
        with self.lock:
            self._studies.pop(study_id, None)
            self._histories.pop(study_id, None)

    def find_study(self, name: str) -> StudyRecord:
        return self.database.read(lambda session: studies.find(session, name))

    def study(self, study_id: int) -> StudyRecord:
        return self.database.read(lambda session: studies.get(session, study_id))

    def studies(self) -> list[StudyRecord]:
        records, problems = self.database.read(studies.get_all)
        for problem in problems:
            warn(problem)
        return records

    def revisions(self) -> dict[int, int]:
        return {row[0]: row[1] for row in self.database.glance_all(sql.GET_REVISIONS)}

    def summaries(self) -> list[StudySummary]:
        known = self._counts

        def work(session: Session) -> tuple[list[StudySummary], list[str], dict[int, Count]]:
            records, problems = studies.get_all(session)
            counts = count(session, records, known)
            active = {row[0]: row[1] for row in session.all(sql.GET_ACTIVE)}
            found = [summary(record, counts[record.id], active[record.id]) for record in records]
            return found, problems, counts

        summaries, problems, self._counts = self.database.read(work)
        for problem in problems:
            warn(problem)
        return summaries

    def update_study(
        self,
        study_id: int,
        *,
        name: str | None = None,
        metric_names: Sequence[str] | None = None,
        archived: bool | None = None,
    ) -> StudyRecord:
        try:
            return self._write(
                study_id, lambda writer: studies.update(writer, name, metric_names, archived)
            )
        except DuplicateKey:
            raise studies.duplicate(str(name)) from None

    def set_study_attrs(
        self,
        study_id: int,
        *,
        user: Mapping[str, Any] | None = None,
        system: Mapping[str, Any] | None = None,
        expected: Mapping[str, Any] | None = None,
    ) -> None:
        changes = studies.dump_changes(user or {}, system or {})
        self._write(study_id, lambda writer: studies.set_attrs(writer, changes, expected or {}))

    # ------------------------------------------------------------------ a trial's life

    def start(
        self, study_id: int, draft: Draft | None, lease: Lease, ticket: Ticket | None = None
    ) -> FrozenTrial | None:
        token = new_token() if ticket is None else ticket.token
        if draft is not None:
            draft = Draft(
                draft.space,
                draft.point,
                check_attrs(draft.user_attrs),
                check_attrs(draft.system_attrs),
                draft.started,
            )

        damaged: Damaged = {}

        def work(writer: Writer) -> FrozenTrial | None:
            trial = writer.begun_with(ticket)
            if trial is None:
                trial = writer.claim(lease, token, damaged)
            if trial is None and draft is not None:
                trial = writer.start(draft, lease, token)
            return trial

        def confirm(session: Session, trial: FrozenTrial | None) -> bool:
            return trial is not None and session.one(
                sql.GET_CLAIM, of_study=study_id, of_number=trial.number
            ) == (token,)

        trial = self._write(study_id, work, confirm)
        self._tell_of(study_id, damaged)
        return trial

    def add(
        self, study_id: int, trials: Sequence[FrozenTrial], ticket: Ticket | None = None
    ) -> list[int]:
        token = new_token()
        ready = [
            trial.replace(
                user_attrs=check_attrs(trial.user_attrs),
                system_attrs=check_attrs(trial.system_attrs),
            )
            for trial in trials
        ]

        def work(writer: Writer) -> list[int]:
            numbers = tickets.added_with(writer.session, study_id, ticket)
            if numbers:
                return numbers
            for trial in ready:
                if trial.values is not None:
                    check_outcome(
                        writer.study.directions, Outcome(trial.state, trial.values, trial.sems)
                    )
                numbers.append(writer.next_number)
                waits = trial.state is TrialState.WAITING
                writer.insert(
                    trial.replace(number=writer.next_number),
                    token,
                    claimable_at=0 if waits else None,
                )
            tickets.note_added(writer.session, study_id, writer.now, ticket, numbers)
            return numbers

        def confirm(session: Session, numbers: list[int]) -> bool:
            return not numbers or session.one(
                sql.GET_CLAIM, of_study=study_id, of_number=numbers[0]
            ) == (token,)

        return self._write(study_id, work, confirm)

    def write(self, study_id: int, number: int, attempt: int | None, update: TrialUpdate) -> None:
        self.write_all(study_id, [Write(number, update, attempt=attempt)])

    def write_all(self, study_id: int, writes: Sequence[Write]) -> None:
        check_once(writes)

        def work(writer: Writer) -> None:
            for write in writes:
                trial, update = writer.bare(write.number), write.update
                check_attempt(trial, write.attempt)
                check_open(trial, update)
                after = updated(trial, replace(update, reports=()))
                if write.state is not None and write.state is not trial.state:
                    refuse_finished(trial)
                    writer.set_state(trial, write.state)
                    after = after.replace(state=write.state)
                    trial = trial.replace(state=write.state)
                writer.update(trial, after)
                if update.reports:
                    writer.report(write.number, update.reports)

        self._write(study_id, work)

    def finish(
        self,
        study_id: int,
        number: int,
        attempt: int | None,
        outcome: Outcome,
        update: TrialUpdate | None = None,
        finished: int = 0,
    ) -> FrozenTrial:
        def work(writer: Writer) -> FrozenTrial:
            check_outcome(writer.study.directions, outcome)
            trial = writer.trial(number)
            check_attempt(trial, attempt)
            if ended_alike(trial, outcome):
                return trial
            after = updated(trial, update) if update else trial
            after = ended(after, outcome, finished or writer.now)
            writer.end(trial, after)
            return after

        return self._write(study_id, work)

    def amend(
        self,
        study_id: int,
        number: int,
        outcome: Outcome | None,
        update: TrialUpdate | None = None,
    ) -> FrozenTrial:
        token = new_token()

        def work(writer: Writer) -> FrozenTrial:
            if outcome is not None:
                check_outcome(writer.study.directions, outcome)
            after = amended(writer.trial(number), outcome, update)
            writer.amend(after, token)
            return after

        def confirm(session: Session, _: FrozenTrial) -> bool:
            return session.one(sql.GET_CLAIM, of_study=study_id, of_number=number) == (token,)

        return self._write(study_id, work, confirm)

    def renew(self, study_id: int, held: Mapping[int, int], seconds: float) -> list[int]:
        Lease(seconds)  # is checked when it is built
        return self._write(study_id, lambda writer: leases.renew(writer, held, seconds))

    def leases(self, study_id: int) -> list[Held]:
        with self.lock:
            running = sorted(self.history(study_id).running)
        return self.database.read(lambda session: leases.get(session, study_id, running))

    def expire(self, study_id: int, number: int, attempt: int) -> bool:
        return self._write(study_id, lambda writer: leases.expire(writer, number, attempt))

    def set_state(self, study_id: int, number: int, attempt: int | None, state: TrialState) -> None:
        if state not in (TrialState.WAITING, TrialState.PAUSED):
            raise InvalidArgument("state", "WAITING or PAUSED", state)

        def work(writer: Writer) -> None:
            trial = writer.bare(number)
            check_attempt(trial, attempt)
            refuse_finished(trial)
            writer.set_state(trial, state)

        self._write(study_id, work)

    def archive_trials(self, study_id: int, numbers: Sequence[int], archived: bool = True) -> None:
        def work(writer: Writer) -> None:
            for trial in [writer.bare(number) for number in numbers]:
                writer.set_archived(trial, archived)

        self._write(study_id, work)

    def delete_trials(self, study_id: int, numbers: Sequence[int]) -> None:
        def work(writer: Writer) -> None:
            for number in numbers:
                writer.trial(number)
            for number in numbers:
                writer.remove(number)

        def confirm(session: Session, _: None) -> bool:
            return all(
                session.one(sql.GET_TRIAL, of_study=study_id, of_number=number) is None
                for number in numbers
            )

        self._write(study_id, work, confirm)

    # ------------------------------------------------------------------ reading

    def trial(self, study_id: int, number: int) -> FrozenTrial:
        return self.database.read(
            lambda session: read_trial(session, self._study(session, study_id), number)
        )

    def changes(self, study_id: int, since: int) -> Changes:
        def work(session: Session) -> Changes:
            return read_changes(session, self._study(session, study_id), since)

        changes = self.database.read(work)
        self._tell_of(study_id, changes.damaged)
        return changes

    def history(self, study_id: int) -> History:
        with self.lock:
            history = self._histories.get(study_id)
            if history is None:
                return self._load(study_id)
            row = self.database.glance(sql.GET_REVISION, of_study=study_id)
            if row is None:
                raise unknown_study(study_id)
            if row[0] != history.revision:
                changes = self.changes(study_id, history.revision)
                for space in self._studies[study_id].layouts.spaces.values():
                    history.add_layout(space)  # in their order, whichever trial comes first
                absorb(history, changes)
            return history

    def _load(self, study_id: int) -> History:
        def work(session: Session) -> tuple[History, Damaged]:
            study = self._study(session, study_id)
            history, damaged = History(study.directions), Damaged()
            load(session, study, history, damaged)
            return history, damaged

        history, damaged = self.database.read(work)
        self._histories[study_id] = history
        self._tell_of(study_id, damaged)
        return history

    def _study(self, session: Session, study_id: int) -> Study:
        study = self._studies.get(study_id)
        if study is None:
            study = self._studies[study_id] = read_study(session, study_id)
        return study

    # ------------------------------------------------------------------ writing

    def _write(
        self,
        study_id: int,
        work: Callable[[Writer], T],
        confirm: Callable[[Session, T], bool] | None = None,
    ) -> T:
        def recall(revision: int, number: int) -> tuple[FrozenTrial, Mapping[int, Report]] | None:
            return self._recall(study_id, revision, number)

        def transaction(session: Session) -> tuple[Writer, bool, T]:
            writer = Writer(session, study_id, self._study, recall)
            result = work(writer)
            return writer, writer.flush(), result

        writer, changed, result = self.database.write(
            transaction,
            None if confirm is None else lambda session, done: confirm(session, done[2]),
        )
        if changed:
            self._take_over(writer)
        return result

    def _recall(
        self, study_id: int, revision: int, number: int
    ) -> tuple[FrozenTrial, Mapping[int, Report]] | None:
        """A trial and its reports from the history, where that stands at the database's revision.

        Never waits: the study's row is held meanwhile, so that the history does not move either.
        """
        if not self.lock.acquire(blocking=False):
            return None
        try:
            history = self._histories.get(study_id)
            if history is None or history.revision != revision:
                return None
            return history.trial(number, reports=False), history.reports(number)
        except UnknownTrial:  # perhaps set aside as damaged
            return None
        finally:
            self.lock.release()

    def _take_over(self, writer: Writer) -> None:
        """Apply what was committed to the history, where nothing else came in between."""
        with self.lock:
            for layout, space in writer.added.items():
                writer.study.layouts.learn(layout, space)
            history = self._histories.get(writer.study.id)
            if history is None or history.revision != writer.revision - 1:
                return
            absorb(history, writer.changes())

    def _tell_of(self, study_id: int, damaged: Mapping[int, str]) -> None:
        """Warn of trials that were set aside, each time of those not yet spoken of."""
        new = [number for number in damaged if (study_id, number) not in self._warned]
        if not new:
            return
        self._warned.update((study_id, number) for number in new)
        trials = f"Trial {new[0]}" if len(new) == 1 else f"Trials {_listed(new)}"
        verbs = "cannot be read and is" if len(new) == 1 else "cannot be read and are"
        warn(
            f"{trials} of study {study_id} {verbs} set aside ({damaged[new[0]]}); "
            f"`trimtab doctor {self.database.name}` mends."
        )


def _reopen(url: str, patience: float, lease_seconds: float, max_retries: int) -> SQLStorage:
    storage = SQLStorage(url, patience=patience)
    storage.lease_seconds, storage.max_retries = lease_seconds, max_retries
    return storage


def _listed(numbers: Sequence[int], most: int = 5) -> str:
    shown = ", ".join(map(str, numbers[:most]))
    return shown if len(numbers) <= most else f"{shown} and {len(numbers) - most} more"
