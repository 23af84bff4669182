"""Trimtab: find the settings of anything slow, noisy or judged by people."""

from typing import TYPE_CHECKING

from trimtab import logging as logging
from trimtab.errors import TrialPruned
from trimtab.lazy import exporter

if TYPE_CHECKING:
    from trimtab import (
        artifacts,
        distributions,
        exceptions,
        importance,
        preferential,
        pruners,
        samplers,
        search_space,
        storages,
        study,
        trial,
        visualization,
    )
    from trimtab.records import StudyDirection, TrialState
    from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution
    from trimtab.study import (
        EarlyStopping,
        Measurement,
        Study,
        Trial,
        copy_study,
        create_study,
        create_trial,
        delete_study,
        get_all_study_names,
        get_all_study_summaries,
        load_study,
    )

__version__ = "0.1.0.dev0"

_HOMES = {
    "CategoricalDistribution": "space",
    "EarlyStopping": "study",
    "FloatDistribution": "space",
    "IntDistribution": "space",
    "Measurement": "study",
    "Study": "study",
    "StudyDirection": "records",
    "Trial": "study",
    "TrialState": "records",
    "artifacts": "",
    "copy_study": "study",
    "create_study": "study",
    "create_trial": "study",
    "delete_study": "study",
    "distributions": "",
    "exceptions": "",
    "get_all_study_names": "study",
    "get_all_study_summaries": "study",
    "importance": "",
    "load_study": "study",
    "preferential": "",
    "pruners": "",
    "samplers": "",
    "search_space": "",
    "storages": "",
    "study": "",
    "trial": "",
    "visualization": "",
}

__getattr__ = exporter(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


__all__ = [
    "CategoricalDistribution",
    "EarlyStopping",
    "FloatDistribution",
    "IntDistribution",
    "Measurement",
    "Study",
    "StudyDirection",
    "Trial",
    "TrialPruned",
    "TrialState",
    "__version__",
    "artifacts",
    "copy_study",
    "create_study",
    "create_trial",
    "delete_study",
    "distributions",
    "exceptions",
    "get_all_study_names",
    "get_all_study_summaries",
    "importance",
    "load_study",
    "logging",
    "preferential",
    "pruners",
    "samplers",
    "search_space",
    "storages",
    "study",
    "trial",
    "visualization",
]
