"""A whole experiment as JSON, and back, so that it goes on as it would have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trimtab.errors import InvalidArgument, InvalidType, StorageVersion
from trimtab.experiment.experiment import Experiment
from trimtab.experiment.keeping import KEY, check
from trimtab.records import FrozenTrial, Outcome, TrialState
from trimtab.schedulers import Scheduler
from trimtab.storage import Storage
from trimtab.storage.wire import (
    check_trial,
    dump_attrs,
    dump_directions,
    dump_whole_trials,
    load_attrs,
    load_directions,
    load_whole_trials,
)

FORMAT: Final = "trimtab experiment"
VERSION: Final = 1


def take(experiment: Experiment) -> dict[str, Any]:
    """The experiment with its trials, the order in which they finished included, as plain JSON."""
    study = experiment.study
    with study.storage.lock:
        history = study.history
        trials = list(history.trials(archived=True))
        finished = [int(number) for number in history.finished]
        count = len(history)
    record = study.storage.study(study.study_id)
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": record.name,
        "directions": dump_directions(record.directions),
        "metric_names": record.metric_names,
        "user_attrs": dump_attrs(record.user_attrs),
        "system_attrs": dump_attrs(record.system_attrs),
        "count": count,
        "finished": finished,
        **dump_whole_trials(trials),
    }


def restore(snapshot: Any, storage: Storage, early_stopping: Scheduler | None = None) -> Experiment:
    """The experiment that `take` was given, in another storage.

    Trials get their numbers again, and finish in the order in which they did: what a sampler
    proposes depends on both.

    Raises:
        InvalidType: If it is no JSON object.
        InvalidArgument: If it is no experiment.
        StorageVersion: If another version wrote it.
        DuplicateStudy: If the storage has a study of that name.
    """
    if not isinstance(snapshot, Mapping):
        raise InvalidType("snapshot", "a JSON object", snapshot)
    if snapshot.get("format") != FORMAT:
        raise InvalidArgument("snapshot", f"the format {FORMAT!r}", snapshot.get("format"))
    if snapshot.get("version") != VERSION:
        raise StorageVersion(
            f"The file is of version {snapshot.get('version')!r}; expected {VERSION}: open it with "
            "the version of trimtab that wrote it."
        )
    try:
        name = snapshot["name"]
        attrs = load_attrs(snapshot["system_attrs"])
        check(attrs.get(KEY), name)
        trials = [check_trial(trial) for trial in load_whole_trials(snapshot)]
        finished = [int(number) for number in snapshot["finished"]]
        count = int(snapshot["count"])
        directions = load_directions(snapshot["directions"])
        names, user = snapshot["metric_names"], load_attrs(snapshot["user_attrs"])
    except (KeyError, TypeError) as error:
        raise InvalidArgument("snapshot", "all parts of an experiment", str(error)) from error
    record = storage.create_study(name, directions)
    storage.update_study(record.id, metric_names=names)
    storage.set_study_attrs(record.id, user=user, system=attrs)
    _add(storage, record.id, trials, finished, count)
    return Experiment.load(name, storage, early_stopping=early_stopping)


def _add(
    storage: Storage, study_id: int, trials: list[FrozenTrial], finished: list[int], count: int
) -> None:
    by_number = {trial.number: trial for trial in trials}
    gap = FrozenTrial.build(0, TrialState.WAITING)
    rows = [_reopened(by_number[n]) if n in by_number else gap for n in range(count)]
    if rows:
        storage.add(study_id, rows)
    for number in [*finished, *(set(by_number) - set(finished))]:
        trial = by_number.get(number)
        if trial is not None and trial.state.is_finished():
            outcome = Outcome(trial.state, trial.values, trial.sems)
            storage.finish(study_id, number, None, outcome, finished=trial.finished or 0)
    if deleted := [number for number in range(count) if number not in by_number]:
        storage.delete_trials(study_id, deleted)


def _reopened(trial: FrozenTrial) -> FrozenTrial:
    """The trial as it was before it finished."""
    if not trial.state.is_finished():
        return trial
    return trial.replace(state=TrialState.RUNNING, values=None, sems=None, finished=None)
