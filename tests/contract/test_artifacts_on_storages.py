"""Notes, descriptions of artifacts and imported studies, kept by every database."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

import trimtab
from tests.unit.migrate.optuna_studies import (
    assert_same,
    journal,
    optuna,
    write_study,
    write_two_objectives,
)
from trimtab.artifacts import (
    FileSystemArtifactStore,
    Note,
    get_all_artifact_meta,
    load_note,
    remove_artifact,
    save_note,
    upload_stream,
)
from trimtab.artifacts.notes import MAX_NOTE
from trimtab.dashboard import ChoiceWidget, load_form, register_objective_form_widgets
from trimtab.migrate import import_optuna
from trimtab.storage import Storage
from trimtab.storages import get_storage


@pytest.fixture
def storage(storage_url: str) -> Iterator[Storage]:
    with get_storage(storage_url) as opened:
        yield opened


@pytest.fixture
def another(storage_url: str) -> Iterator[Storage]:
    """The same database, as another process sees it."""
    with get_storage(storage_url) as opened:
        yield opened


def test_notes_of_any_length_and_alphabet(storage: Storage, another: Storage) -> None:
    study = trimtab.create_study(storage=storage, study_name="s")
    trial = study.ask()
    again = trimtab.load_study(storage=another, study_name="s")
    bodies = ["🌅 größer\n\t\x01\u2028", "x" * 100_000, "é" * MAX_NOTE, ""]
    for version, body in enumerate(bodies, start=1):
        save_note(study, body)
        save_note(trial, body)
        assert load_note(again) == Note(body, version)
        assert load_note(again.trials[0]) == Note(body, version)


def test_artifacts_come_and_go(storage: Storage, another: Storage, tmp_path: Path) -> None:
    study = trimtab.create_study(storage=storage)
    store = FileSystemArtifactStore(tmp_path / "artifacts")
    trial = study.ask()
    names = [upload_stream(trial, io.BytesIO(b"x"), "ü.png", store) for _ in range(5)]
    study.tell(trial, 1.0)
    remove_artifact(study.trials[0], names[2], store, storage=storage)
    again = trimtab.load_study(storage=another, study_name=study.study_name)
    metas = get_all_artifact_meta(again.trials[0])
    assert [meta.artifact_id for meta in metas] == names[:2] + names[3:]
    assert {meta.filename for meta in metas} == {"ü.png"}


def test_forms(storage: Storage, another: Storage) -> None:
    study = trimtab.create_study(storage=storage, study_name="s")
    widget = ChoiceWidget(["Good 👍", "Bad 👎"], [-1, 1])
    register_objective_form_widgets(study, [widget])
    form = load_form(trimtab.load_study(storage=another, study_name="s"))
    assert form is not None
    assert form.widgets == (widget,)


@pytest.mark.filterwarnings("ignore:.* is experimental")
def test_imported_studies(storage: Storage, another: Storage, tmp_path: Path) -> None:
    path = str(tmp_path / "optuna.log")
    source = journal(path)
    write_study(source)
    write_two_objectives(source)
    for study in import_optuna(path, storage):
        theirs = optuna.load_study(study_name=study.name, storage=source)
        assert_same(theirs, another, study.study_id)
