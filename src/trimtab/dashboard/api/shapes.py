"""Records as the API shows them: for people and programs of any language.

Numbers that JSON lacks are ``{"$float": "nan"}`` and the like; times are ISO 8601 in UTC.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from trimtab.artifacts import ArtifactMeta
from trimtab.records import FrozenTrial, StudyRecord, StudySummary, TrialState
from trimtab.space import encode_json, to_json
from trimtab.storage.rules import FAIL_REASON
from trimtab.storage.wire import dump_directions

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def study_shape(ref: str, record: StudyRecord) -> dict[str, Any]:
    """A study."""
    return {
        "ref": ref,
        "name": record.name,
        "directions": dump_directions(record.directions),
        "metric_names": None if record.metric_names is None else list(record.metric_names),
        "user_attrs": _plain(record.user_attrs),
        "created": moment(record.created),
        "archived": record.archived,
        "revision": record.revision,
    }


def summary_shape(ref: str, summary: StudySummary) -> dict[str, Any]:
    """A study of a list, with what its trials come to."""
    return {
        **study_shape(ref, summary.study),
        "counts": {state.name: summary.counts.get(state, 0) for state in TrialState},
        "best_value": encode_json(summary.best),
        "last_activity": moment(summary.last_activity),
    }


def trial_shape(trial: FrozenTrial, *, whole: bool = True) -> dict[str, Any]:
    """A trial; without its reports and distributions where it is one of a list."""
    shape: dict[str, Any] = {
        "number": trial.number,
        "state": trial.state.name,
        "values": encode_json(None if trial.values is None else list(trial.values)),
        "sems": encode_json(None if trial.sems is None else list(trial.sems)),
        "params": {name: encode_json(value) for name, value in trial.params.items()},
        "constraints": _plain(trial.constraints),
        "user_attrs": _plain(trial.user_attrs),
        "reason": trial.system_attrs.get(FAIL_REASON),
        "attempt": trial.attempt,
        "archived": trial.archived,
        "started": moment(trial.started),
        "finished": moment(trial.finished),
    }
    if whole:
        shape["distributions"] = {
            name: to_json(distribution) for name, distribution in trial.space.items()
        }
        shape["reports"] = [
            {
                "step": report.step,
                "metrics": _plain(report.metrics),
                "checkpoint": report.checkpoint,
            }
            for report in trial.reports.values()
        ]
    return shape


def artifact_shape(meta: ArtifactMeta) -> dict[str, Any]:
    """An artifact's description."""
    return {
        "id": meta.artifact_id,
        "filename": meta.filename,
        "mimetype": meta.mimetype,
        "encoding": meta.encoding,
        "size": meta.size,
        "sha256": meta.sha256,
        "created": moment(meta.created),
    }


def moment(micros: int | None) -> str | None:
    """ISO 8601 in UTC, from microseconds since the epoch; None where no calendar has it."""
    if micros is None:
        return None
    try:
        return (_EPOCH + datetime.timedelta(microseconds=micros)).isoformat()
    except OverflowError:
        return None


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: encode_json(value) for name, value in values.items()}
