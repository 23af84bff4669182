"""Brings the studies of an Optuna database or journal into a storage."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from trimtab.errors import DuplicateStudy, UnknownStudy
from trimtab.migrate.convert import Converter, legal_name
from trimtab.migrate.journal import Journal
from trimtab.migrate.raw import RawStudy, RawTrial, Source
from trimtab.migrate.rdb import Database
from trimtab.records import FrozenTrial, TrialUpdate
from trimtab.storage import Storage

CHUNK = 10_000
"""Trials that are written at a time."""

_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class ImportedStudy:
    """One study that was brought over.

    Attributes:
        source_name: What it is called in the source.
        name: What it is called here.
        study_id: The storage's key for it.
        n_trials: How many trials it has.
        problems: What is not as it was in the source, one sentence each; empty where all is.
    """

    source_name: str
    name: str
    study_id: int
    n_trials: int
    problems: tuple[str, ...]


def import_optuna(
    source: str | os.PathLike[str],
    target: Storage,
    *,
    study_names: Iterable[str] | None = None,
    rename: Mapping[str, str] | None = None,
) -> list[ImportedStudy]:
    """Copy studies from Optuna; the source is only read, and Optuna is not needed.

    Carried over are directions, metric names, user attributes, trials in their order with state,
    parameters, distributions, values, reports, constraints, times, and the parameters of trials
    that wait; and of Optuna Dashboard notes, forms, saved figures, comparisons (who beat whom, what
    was skipped or taken back) and the descriptions of artifacts (whose files stay where they are:
    open that folder with `FileSystemArtifactStore`; links from notes to them lead there). Other
    system attributes are kept under names that begin with ``optuna:``. Heartbeats are not: what was
    running is running here without a lease, until it is told or deleted; in a study of comparisons
    it waits for people, as it does there.

    What cannot be kept as it was is listed in `ImportedStudy.problems`: a COMPLETE trial with an
    infinite, NaN or missing value becomes FAIL with the reason; a name with control characters or
    of more than 255 gets a similar one. Databases that Optuna 5 set up hold times in UTC, older
    ones in the local time of whoever wrote them, which is taken to be this machine's.

    Args:
        source: URL of an RDB storage (SQLite, PostgreSQL, MySQL; of Optuna 1.3 to 5), or the path
            of its SQLite file or of a journal.
        target: Where they go.
        study_names: Which ones; None: all.
        rename: New names, by the names in the source.

    Returns:
        What was copied, in the order of the source.

    Raises:
        FileNotFoundError: If there is no such file.
        DuplicateStudy: If the target has a study of that name; nothing is copied.
        UnknownStudy: If the source has no study of a name that was asked for.
        StorageUnreadable: If the source is no storage of Optuna's.
        StorageVersion: If it is of a version before 1.3.
        UnsupportedURL: If the driver of the database is not installed.

    A study appears under its name when all of it is there. If copying ends early, what was copied
    of the last study is removed again; a process that is killed leaves it under a name that says
    so.
    """
    with _open(source) as opened:
        chosen = _choose(opened.studies(), study_names)
        names = {raw.name: (rename or {}).get(raw.name, legal_name(raw.name)) for raw in chosen}
        _check_names(names, rename or {}, target)
        return [_copy(raw, target, names[raw.name]) for raw in chosen]


def _open(source: str | os.PathLike[str]) -> Source:
    text = os.fspath(source)
    if "://" in text:
        return Database(text)
    path = Path(text)
    with path.open("rb") as file:
        start = file.read(len(_SQLITE))
    return Database(path) if start == _SQLITE else Journal(path)


def _choose(found: list[RawStudy], study_names: Iterable[str] | None) -> list[RawStudy]:
    if study_names is None:
        return found
    wanted = [study_names] if isinstance(study_names, str) else list(study_names)
    names = [raw.name for raw in found]
    for name in wanted:
        if name not in names:
            raise UnknownStudy(f"`study_names`: expected some of {names}, got {name!r}.")
    return [raw for raw in found if raw.name in wanted]


def _check_names(names: Mapping[str, str], rename: Mapping[str, str], target: Storage) -> None:
    for name in rename:
        if name not in names:
            raise UnknownStudy(f"`rename`: expected some of {list(names)}, got {name!r}.")
    taken = {study.name for study in target.studies()}
    for source_name, name in names.items():
        if name in taken:
            raise DuplicateStudy(
                f"`rename`: expected a new name for {source_name!r}, as there is a study "
                f"{name!r} already."
            )
        taken.add(name)


def _copy(raw: RawStudy, target: Storage, name: str) -> ImportedStudy:
    converter = Converter(raw)
    unfinished = f"{name[:200]} (import {secrets.token_hex(4)} did not finish)"
    study_id = target.create_study(unfinished, converter.directions).id
    try:
        n_trials = 0
        for trials in _chunks(raw.trials(), converter):
            n_trials += len(target.add(study_id, trials))
        target.set_study_attrs(study_id, user=converter.user_attrs, system=converter.system_attrs)
        for number, attrs in converter.late_attrs(study_id):
            if number is None:
                target.set_study_attrs(study_id, system=attrs)
            else:
                target.write(study_id, number, None, TrialUpdate(system_attrs=attrs))
        target.update_study(study_id, name=name, metric_names=converter.metric_names)
    except BaseException:
        target.delete_study(study_id)
        raise
    return ImportedStudy(raw.name, name, study_id, n_trials, tuple(converter.problems))


def _chunks(raws: Iterator[RawTrial], converter: Converter) -> Iterator[list[FrozenTrial]]:
    numbered = enumerate(raws)
    while chunk := [converter.trial(raw, number) for number, raw in islice(numbered, CHUNK)]:
        yield chunk
