"""Floor 4: a study and its ask-tell loop."""

from trimtab.records import StudyDirection
from trimtab.study.api import (
    StudySummary,
    copy_study,
    create_study,
    create_trial,
    delete_study,
    get_all_study_names,
    get_all_study_summaries,
    load_study,
)
from trimtab.study.arms import Arm
from trimtab.study.best import NoBestTrial
from trimtab.study.callbacks import EarlyStopping, MaxTrialsCallback
from trimtab.study.fixed import FixedTrial
from trimtab.study.handle import BaseTrial
from trimtab.study.outcome import Measurement
from trimtab.study.study import Study
from trimtab.study.trial import Trial

__all__ = [
    "Arm",
    "BaseTrial",
    "EarlyStopping",
    "FixedTrial",
    "MaxTrialsCallback",
    "Measurement",
    "NoBestTrial",
    "Study",
    "StudyDirection",
    "StudySummary",
    "Trial",
    "copy_study",
    "create_study",
    "create_trial",
    "delete_study",
    "get_all_study_names",
    "get_all_study_summaries",
    "load_study",
]
