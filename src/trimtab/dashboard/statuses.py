"""What a trial of an experiment is called where the state of the study's trial does not say it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trimtab.dashboard.context import StudyView
from trimtab.experiment.keeping import KEY
from trimtab.experiment.rows import batch_of
from trimtab.experiment.status import TrialStatus, status_from
from trimtab.records import DELETED, TrialState

_SAID: Final = (TrialStatus.CANDIDATE, TrialStatus.STAGED, TrialStatus.ABANDONED)


def status_words(study: StudyView, numbers: Iterable[int]) -> dict[int, str]:
    """By trial number: "candidate", "staged" or "abandoned"; an arm has its batch's.

    Hold ``storage.lock`` while calling it.

    Args:
        study: Of which; one that is no experiment has none.
        numbers: Of the trials in question.
    """
    if KEY not in study.system_attrs:
        return {}
    history, words = study.history, {}
    for number in numbers:
        batch = batch_of(number, history.system_attrs(number))
        head = number if batch is None else batch
        if not 0 <= head < len(history) or history.states[head] == DELETED:
            continue
        attrs = history.system_attrs(head)
        status = status_from(TrialState(int(history.states[head])), attrs)
        if status in _SAID:
            words[number] = status.name.lower()
    return words
