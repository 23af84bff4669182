"""Floor 1: what is kept."""

from trimtab.records.block import EXACT, Block
from trimtab.records.history import DELETED, History
from trimtab.records.state import FINISHED, TrialState
from trimtab.records.study import StudyDirection, StudyRecord, StudySummary, parse_directions
from trimtab.records.times import from_micros, to_micros
from trimtab.records.trial import EMPTY_SPACE, FrozenTrial
from trimtab.records.update import (
    VALUE,
    Outcome,
    Report,
    TrialUpdate,
    as_float,
    as_sem,
    as_value,
)

__all__ = [
    "DELETED",
    "EMPTY_SPACE",
    "EXACT",
    "FINISHED",
    "VALUE",
    "Block",
    "FrozenTrial",
    "History",
    "Outcome",
    "Report",
    "StudyDirection",
    "StudyRecord",
    "StudySummary",
    "TrialState",
    "TrialUpdate",
    "as_float",
    "as_sem",
    "as_value",
    "from_micros",
    "parse_directions",
    "to_micros",
]
