"""Making and opening preferential studies."""

from __future__ import annotations

from typing import Any

from trimtab.errors import DuplicateStudy, InvalidArgument
from trimtab.preferential.attributes import IS_PREFERENTIAL, N_GENERATE, check_n_generate
from trimtab.preferential.study import PreferentialStudy
from trimtab.records import StudyRecord
from trimtab.samplers import Sampler
from trimtab.samplers.preferential import PreferentialSampler
from trimtab.storage import Storage, open_storage
from trimtab.study import Study
from trimtab.study import create_study as create_plain_study
from trimtab.study import load_study as load_plain_study
from trimtab.study.api import StorageLike


def create_study(
    n_generate: int = 4,
    sampler: Sampler | Any | None = None,
    study_name: str | None = None,
    storage: StorageLike = None,
    load_if_exists: bool = False,
) -> PreferentialStudy:
    """A new study whose trials people compare.

    Args:
        n_generate: How many trials are compared at a time, at least 2.
        sampler: Proposes points; None: `PreferentialSampler`.
        study_name: 1 to 255 characters; None: a unique one.
        storage: A URL such as ``sqlite:///study.db``, a storage, or None for memory.
        load_if_exists: Open the study of that name if there is one; its ``n_generate`` becomes
            this one.

    Raises:
        InvalidArgument: If ``n_generate`` is below 2, or the existing study is not one of
            comparisons (a ValueError).
        DuplicateStudy: If the name is taken and ``load_if_exists`` is not set (a ValueError).
    """
    check_n_generate(n_generate)
    opened = storage if isinstance(storage, Storage) else open_storage(storage)
    chosen = PreferentialSampler() if sampler is None else sampler
    try:
        study = create_plain_study(
            study_name=study_name, storage=opened, sampler=chosen, direction="maximize"
        )
    except DuplicateStudy:
        if not load_if_exists or study_name is None:
            raise
        study = load_plain_study(study_name=study_name, storage=opened, sampler=chosen)
        # A study without trials may be one whose maker died before it was marked.
        if len(study.history) and not is_preferential(study):
            raise InvalidArgument("study_name", "a study of comparisons", study_name) from None
    study.storage.set_study_attrs(
        study.study_id, system={IS_PREFERENTIAL: True, N_GENERATE: n_generate}
    )
    return PreferentialStudy(study)


def load_study(
    study_name: str | None,
    storage: StorageLike,
    sampler: Sampler | Any | None = None,
) -> PreferentialStudy:
    """An existing study of comparisons.

    Args:
        study_name: Its name; None where the storage has just one study.
        storage: A URL or a storage.
        sampler: None: `PreferentialSampler`.

    Raises:
        UnknownStudy: If there is none of that name (a KeyError).
        InvalidArgument: If it is not one of comparisons (a ValueError).
    """
    chosen = PreferentialSampler() if sampler is None else sampler
    study = load_plain_study(study_name=study_name, storage=storage, sampler=chosen)
    return PreferentialStudy(study)


def is_preferential(study: Study | StudyRecord) -> bool:
    """Whether a study is one of comparisons."""
    return bool(study.system_attrs.get(IS_PREFERENTIAL))
