"""Reading a study: one trial, all that changed, or everything into a history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from trimtab.errors import InvalidArgument, StorageUnreadable, UnknownTrial
from trimtab.records import DELETED, FrozenTrial, History, Report, StudyDirection
from trimtab.storage.base import Changes, unknown_study
from trimtab.storage.sql import codec
from trimtab.storage.sql import statements as sql
from trimtab.storage.sql.blocks import decode_blocks
from trimtab.storage.sql.codec import Row
from trimtab.storage.sql.layouts import Layouts
from trimtab.storage.sql.session import Session

BAD_ROW = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What decoding a damaged row may raise."""

Damaged = dict[int, str]
"""Why a trial, or a report of it, cannot be read, by number; filled while reading."""


@dataclass(frozen=True, slots=True)
class Study:
    """What does not change of a study, and the layouts seen so far."""

    id: int
    directions: tuple[StudyDirection, ...]
    layouts: Layouts


def read_study(session: Session, study_id: int) -> Study:
    """The constant part of a study.

    Raises:
        UnknownStudy: If there is none of that id.
        StorageUnreadable: If its row is damaged.
    """
    row = session.one(sql.GET_DIRECTIONS, of_study=study_id)
    if row is None:
        raise unknown_study(study_id)
    try:
        directions = codec.load_directions(row[0])
    except BAD_ROW as error:
        raise StorageUnreadable(
            f"Study {study_id} cannot be read ({error}); see `trimtab doctor`."
        ) from error
    return Study(study_id, directions, Layouts(study_id))


def unknown_trial(number: int) -> UnknownTrial:
    """The error for a trial that is not there."""
    return UnknownTrial(f"`number`: expected a trial of this study, got {number!r}.")


def check_number(number: int) -> None:
    """Refuse a number that no trial can have, and that its column cannot be compared with.

    Raises:
        UnknownTrial: If it is one.
    """
    if not 0 <= number < 1 << 63:
        raise unknown_trial(number)


def read_trial(session: Session, study: Study, number: int) -> FrozenTrial:
    """One trial with its reports.

    Raises:
        UnknownTrial: If there is none of that number.
        StorageUnreadable: If its row is damaged.
    """
    trial = read_bare(session, study, number)
    return trial.replace(reports=read_reports(session, study, number))


def read_bare(session: Session, study: Study, number: int) -> FrozenTrial:
    """`read_trial` but for the reports."""
    check_number(number)
    row = session.one(sql.GET_TRIAL, of_study=study.id, of_number=number)
    if row is None:
        raise unknown_trial(number)
    try:
        return decode_trial(session, study, row)
    except BAD_ROW as error:
        raise StorageUnreadable(
            f"Trial {number} cannot be read ({error}); see `trimtab doctor`."
        ) from error


def read_reports(
    session: Session, study: Study, number: int, steps: Iterable[int] | None = None
) -> dict[int, Report]:
    """Reports of one trial by step, ascending; damaged ones are left out.

    Args:
        session: Reads.
        study: The study.
        number: The trial.
        steps: Which steps; None: all.
    """
    keys = {"of_study": study.id, "of_number": number}
    if steps is None:
        rows = session.all(sql.GET_REPORTS, **keys)
    else:
        found = (session.one(sql.GET_REPORT, **keys, of_step=step) for step in sorted(steps))
        rows = [row for row in found if row is not None]
    reports = {}
    for step, metrics, checkpoint in rows:
        try:
            reports[step] = codec.decode_report(step, metrics, checkpoint)
        except BAD_ROW:
            continue
    return reports


def decode_trial(session: Session, study: Study, row: Row) -> FrozenTrial:
    """`codec.decode_trial`, with a layout that others may have added."""
    layouts = study.layouts
    if row[3] not in layouts.spaces:
        layouts.refresh(session)
    return codec.decode_trial(row, layouts.spaces, len(study.directions))


def read_changes(session: Session, study: Study, since: int) -> Changes:
    """All that changed after revision ``since``."""
    revision, next_number = _counters(session, study)
    if revision == since:
        return Changes(since)
    study.layouts.refresh(session)
    trials: list[tuple[int, FrozenTrial]] = []
    deleted: list[int] = []
    damaged: Damaged = {}
    for record in session.all(sql.CHANGED_TRIALS, of_study=study.id, of_since=since):
        number = record[0]
        if record[1] == DELETED:
            deleted.append(number)
            continue
        try:
            _check_number(number, next_number)
            trial = codec.decode_trial(record[:-1], study.layouts.spaces, len(study.directions))
            trials.append((int(record[-1] or 0), trial))
        except BAD_ROW as error:
            damaged[number] = why(error)
    trials.sort(key=lambda pair: (pair[0], pair[1].number))
    reports = list(
        _reports(session.all(sql.CHANGED_REPORTS, of_study=study.id, of_since=since), damaged)
    )
    return Changes(
        revision,
        tuple([trial for _, trial in trials]),
        tuple(reports),
        tuple(deleted),
        damaged,
    )


def load(session: Session, study: Study, history: History, damaged: Damaged) -> None:
    """Fill an empty history without ever holding the study's rows in memory."""
    revision, next_number = _counters(session, study)
    study.layouts.refresh(session)
    spaces, m = study.layouts.spaces, len(study.directions)
    for space in spaces.values():
        history.add_layout(space)
    ends: list[tuple[int, int]] = []
    for chunk in session.chunks(sql.ALL_TRIALS, of_study=study.id):
        records = [record for record in chunk if record[1] != DELETED]
        try:
            for record in records:
                _check_number(record[0], next_number)
            blocks = decode_blocks([record[:-1] for record in records], spaces, m)
        except (*BAD_ROW, DeprecationWarning):
            _load_rows(records, study, history, next_number, damaged)
        else:
            for block in blocks:
                history.extend(block)
        ends += [(record[-1], record[0]) for record in records if record[-1].__class__ is int]
    order = [number for _, number in sorted(end for end in ends if end[1] not in damaged)]
    history.set_finished(np.array(order, dtype=np.int64))
    for chunk in session.chunks(sql.CHANGED_REPORTS, of_study=study.id, of_since=0):
        for number, report in _reports(chunk, damaged):
            history.apply_report(number, report)
    history.revision = revision


def _load_rows(
    rows: Iterable[Row], study: Study, history: History, next_number: int, damaged: Damaged
) -> None:
    """Trial by trial, so that a damaged one is set aside alone."""
    for row in rows:
        try:
            _check_number(row[0], next_number)
            trial = codec.decode_trial(row[:-1], study.layouts.spaces, len(study.directions))
        except BAD_ROW as error:
            damaged[row[0]] = why(error)
            continue
        history.apply(trial, reports=False)


def _counters(session: Session, study: Study) -> Row:
    row = session.one(sql.GET_COUNTERS, of_study=study.id)
    if row is None:
        raise unknown_study(study.id)
    return row


def _check_number(number: int, next_number: int) -> None:
    # A history has a row for every number up to the largest: a wild one would fill the memory.
    if number >= next_number:
        raise InvalidArgument("number", f"a number below {next_number}", number)


def _reports(rows: Iterable[Row], damaged: Damaged) -> Iterator[tuple[int, Report]]:
    for number, step, metrics, checkpoint in rows:
        try:
            yield number, codec.decode_report(step, metrics, checkpoint)
        except BAD_ROW as error:
            damaged.setdefault(number, f"its report at step {step}: {why(error)}")


def why(error: BaseException) -> str:
    """A damaged row's error for people."""
    return f"{type(error).__name__}: {error}"
