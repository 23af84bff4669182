"""Uploading, listing, downloading and removing artifacts of studies and trials."""

import datetime
import json
import os
import re
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.artifacts import (
    ArtifactMeta,
    FileSystemArtifactStore,
    download_artifact,
    get_all_artifact_meta,
    get_artifact_path,
    open_artifact,
    remove_artifact,
    upload_artifact,
    upload_stream,
)
from trimtab.artifacts.exceptions import ArtifactNotFound
from trimtab.artifacts.ids import check_artifact_id, new_artifact_id
from trimtab.errors import ArtifactDamaged, StaleAttempt, UnknownTrial
from trimtab.records import FrozenTrial, Outcome, StudyDirection, TrialState
from trimtab.storage import Draft, InMemoryStorage, Lease


class SomeStudy:
    def __init__(self, name: str = "s", storage: InMemoryStorage | None = None) -> None:
        self.storage = storage or InMemoryStorage()
        self.study_id = self.storage.create_study(name, (StudyDirection.MINIMIZE,)).id


class SomeTrial:
    def __init__(self, study: SomeStudy) -> None:
        self.storage, self.study_id = study.storage, study.study_id
        record = self.storage.start(self.study_id, Draft(), Lease())
        assert record is not None
        self.number, self.attempt = record.number, record.attempt

    def frozen(self) -> FrozenTrial:
        return self.storage.trial(self.study_id, self.number)


@pytest.fixture
def store(tmp_path: Path) -> FileSystemArtifactStore:
    return FileSystemArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(b"pixels")
    return path


@pytest.mark.parametrize("owner", [SomeStudy(), SomeTrial(SomeStudy())])
def test_there_and_back(
    owner: SomeStudy | SomeTrial, store: FileSystemArtifactStore, picture: Path, tmp_path: Path
) -> None:
    before = datetime.datetime.now(datetime.UTC).timestamp()
    name = upload_artifact(artifact_store=store, file_path=str(picture), study_or_trial=owner)
    (meta,) = get_all_artifact_meta(owner)
    assert (meta.artifact_id, meta.filename, meta.mimetype) == (name, "picture.png", "image/png")
    assert (meta.encoding, meta.size) == (None, 6)
    assert meta.created is not None
    assert before - 1 <= meta.created / 1e6 <= before + 60
    target = tmp_path / "copy.png"
    download_artifact(artifact_store=store, file_path=str(target), artifact_id=name)
    assert target.read_bytes() == b"pixels"
    remove_artifact(owner, name, store)
    assert get_all_artifact_meta(owner) == []
    with pytest.raises(ArtifactNotFound):
        open_artifact(store, name)
    with pytest.raises(ArtifactNotFound):
        remove_artifact(owner, name, store)


def test_the_older_positional_form(store: FileSystemArtifactStore, picture: Path) -> None:
    trial = SomeTrial(SomeStudy())
    name = upload_artifact(trial, str(picture), store)
    assert [meta.artifact_id for meta in get_all_artifact_meta(trial)] == [name]


def test_artifacts_of_a_study_are_not_those_of_its_trials(
    store: FileSystemArtifactStore, picture: Path
) -> None:
    study = SomeStudy()
    trial = SomeTrial(study)
    first, second = upload_artifact(study, picture, store), upload_artifact(study, picture, store)
    upload_artifact(trial, picture, store)
    assert [meta.artifact_id for meta in get_all_artifact_meta(study)] == [first, second]
    assert first != second


def test_type_and_encoding_may_be_said(store: FileSystemArtifactStore, tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(b"x")
    study = SomeStudy()
    upload_artifact(study, path, store)
    upload_artifact(study, path, store, mimetype="text/plain; charset=utf-8", encoding="br")
    guessed, said = get_all_artifact_meta(study)
    assert (guessed.mimetype, guessed.encoding) == ("text/csv", "gzip")
    assert (said.mimetype, said.encoding) == ("text/plain; charset=utf-8", "br")
    with pytest.raises(ValueError, match="mimetype"):
        upload_artifact(study, path, store, mimetype="text/html\r\nX-Evil: 1")
    assert len(list((tmp_path / "artifacts").iterdir())) == 2


def test_names_are_labels(store: FileSystemArtifactStore, tmp_path: Path) -> None:
    study = SomeStudy()
    for label in [b"a\nb", b"\xff.png", "\u202egnp.exe".encode(), b"..\\..\\x"]:
        path = tmp_path / os.fsdecode(label)
        path.write_bytes(b"x")
        upload_artifact(study, path, store)
    labels = [meta.filename for meta in get_all_artifact_meta(study)]
    assert labels == ["a?b", "?.png", "?gnp.exe", "..\\..\\x"]
    assert all(re.fullmatch("[0-9a-f-]{36}", f.name) for f in (tmp_path / "artifacts").iterdir())


def test_a_frozen_trial_is_found_by_its_storage(
    store: FileSystemArtifactStore, picture: Path
) -> None:
    study = SomeStudy()
    trials = [SomeTrial(study), SomeTrial(SomeStudy("other", study.storage))]
    for trial in trials:
        study.storage.finish(
            trial.study_id, trial.number, None, Outcome(TrialState.COMPLETE, (1.0,))
        )
    frozen = trials[0].frozen()
    name = upload_artifact(
        artifact_store=store, file_path=picture, study_or_trial=frozen, storage=study.storage
    )
    assert [meta.artifact_id for meta in get_all_artifact_meta(trials[0])] == [name]
    assert get_all_artifact_meta(trials[1]) == []
    assert get_all_artifact_meta(frozen) == []  # it is as it was when it was read
    assert len(get_all_artifact_meta(frozen, storage=study.storage)) == 1
    assert len(get_all_artifact_meta(frozen, study=study)) == 1
    assert len(get_all_artifact_meta(trials[0].frozen())) == 1
    remove_artifact(frozen, name, store, study=study)


def test_a_frozen_trial_whose_study_cannot_be_told(
    store: FileSystemArtifactStore, picture: Path
) -> None:
    study = SomeStudy()
    frozen = SomeTrial(study).frozen()
    with pytest.raises(ValueError, match="study"):
        upload_artifact(frozen, picture, store)
    twin = SomeStudy("twin", study.storage)
    study.storage.add(twin.study_id, [frozen])
    with pytest.raises(ValueError, match=r"\['s', 'twin'\]"):
        upload_artifact(frozen, picture, store, storage=study.storage)
    with pytest.raises(ValueError, match="none"):
        upload_artifact(frozen, picture, store, storage=InMemoryStorage())
    with pytest.raises(UnknownTrial):
        upload_artifact(frozen, picture, store, study=SomeStudy())
    assert upload_artifact(frozen, picture, store, study=twin)


def test_an_upload_for_a_reclaimed_attempt_is_not_kept(
    store: FileSystemArtifactStore, picture: Path, tmp_path: Path
) -> None:
    clock = [1000.0]
    study = SomeStudy(storage=InMemoryStorage(clock=lambda: clock[0]))
    late = SomeTrial(study)
    late.storage.set_state(late.study_id, late.number, 1, TrialState.WAITING)
    study.storage.start(study.study_id, None, Lease(seconds=10))
    clock[0] += 20
    reclaimed = study.storage.start(study.study_id, None, Lease(seconds=10))
    assert reclaimed is not None
    assert reclaimed.attempt == 2
    with pytest.raises(StaleAttempt):
        upload_artifact(late, picture, store)
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_damage_makes_no_file(
    store: FileSystemArtifactStore, picture: Path, tmp_path: Path
) -> None:
    name = upload_artifact(SomeStudy(), picture, store)
    for damaged in (b"pixelz", b"pixel", b""):
        (tmp_path / "artifacts" / name).write_bytes(damaged)
        with pytest.raises(ArtifactDamaged, match=name):
            download_artifact(artifact_store=store, file_path=tmp_path / "copy", artifact_id=name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artifacts", "picture.png"]


def test_a_store_that_never_reads_past_the_last_byte(picture: Path) -> None:
    class Exact(FileSystemArtifactStore):
        def __init__(self) -> None:
            self.kept: dict[str, bytes] = {}

        def write(self, artifact_id: str, content_body: BinaryIO) -> None:
            self.kept[artifact_id] = content_body.read(6)

        def remove(self, artifact_id: str) -> None:
            del self.kept[artifact_id]

    class Changing(BytesIO):
        def seek(self, offset: int, whence: int = 0, /) -> int:
            self.getbuffer()[0] += 1
            return super().seek(offset, whence)

    store = Exact()
    with pytest.raises(ArtifactDamaged):
        upload_stream(SomeStudy(), Changing(b"pixels"), "x", store)
    assert store.kept == {}
    with picture.open("rb") as file:
        name = upload_stream(SomeStudy(), file, "x", store)
        assert not file.closed
    assert store.kept == {name: b"pixels"}


def test_a_download_replaces_nothing(
    store: FileSystemArtifactStore, picture: Path, tmp_path: Path
) -> None:
    name = upload_artifact(SomeStudy(), picture, store)
    with pytest.raises(FileExistsError, match="file_path"):
        download_artifact(artifact_store=store, file_path=picture, artifact_id=name)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        download_artifact(artifact_store=store, file_path=tmp_path / "link", artifact_id=name)


def test_artifacts_that_optuna_stored_can_be_read(
    store: FileSystemArtifactStore, tmp_path: Path
) -> None:
    name = str(uuid.uuid4())
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / name).write_bytes(b"theirs")
    with open_artifact(store, name) as reader:
        assert reader.read() == b"theirs"
    fields = {"artifact_id": name, "filename": "x", "mimetype": "image/png", "encoding": None}
    meta = ArtifactMeta.from_json(fields)
    assert (meta.size, meta.sha256, meta.created) == (None, None, None)


def test_descriptions_round_trip_and_bad_ones_are_refused() -> None:
    meta = ArtifactMeta("ab-1", "x", "image/png", "gzip", 3, "00", 5)
    assert ArtifactMeta.from_json(json.loads(json.dumps(meta.to_json()))) == meta
    assert ArtifactMeta.from_json({**meta.to_json(), "of_a_later_version": 1}) == meta
    bad: Any
    for bad in ({}, {"artifact_id": "../x", "filename": "x"}, [], {"artifact_id": "ab"}):
        with pytest.raises(ValueError, match="artifact"):
            ArtifactMeta.from_json(bad)


def test_links(store: FileSystemArtifactStore) -> None:
    study = SomeStudy()
    trial = SomeTrial(study)
    assert get_artifact_path(study, "ab-1") == f"/artifacts/{study.study_id}/ab-1"
    assert get_artifact_path(trial, "ab-1") == f"/artifacts/{study.study_id}/0/ab-1"
    with pytest.raises(ValueError, match="artifact_id"):
        get_artifact_path(trial, "../../login")


def test_what_owns_nothing_is_refused(store: FileSystemArtifactStore, picture: Path) -> None:
    with pytest.raises(TypeError, match="study_or_trial"):
        upload_artifact("study", picture, store)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(FileNotFoundError):
        upload_artifact(SomeStudy(), "not there", store)


@settings(max_examples=50)
@given(st.text(alphabet="0123456789abcdef", min_size=64, max_size=64))
def test_ids_are_uuids(sha256: str) -> None:
    name = new_artifact_id(sha256)
    parsed = uuid.UUID(name)
    assert str(parsed) == name
    assert parsed.variant == uuid.RFC_4122
    assert parsed.version == 8
    assert check_artifact_id(name) == name


@settings(max_examples=200)
@given(st.text(max_size=70))
def test_no_id_is_a_path(text: str) -> None:
    try:
        check_artifact_id(text)
    except ValueError:
        return
    assert text.isascii()
    assert Path(text).name == text
    assert text not in ("", ".", "..")
