"""Files in and out of a store, told to the study or trial that they belong to."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from trimtab.artifacts.files import new_file
from trimtab.artifacts.ids import CHUNK, CheckedReader, check_artifact_id, new_artifact_id
from trimtab.artifacts.meta import PREFIX, ArtifactMeta, artifacts_in, described
from trimtab.artifacts.owner import (
    AttributeOwner,
    StudyHandle,
    SystemAttributes,
    read_attributes,
)
from trimtab.errors import ArtifactNotFound

if TYPE_CHECKING:
    from trimtab.artifacts.store import ArtifactStore
    from trimtab.storage import Storage


def upload_artifact(
    study_or_trial: AttributeOwner,
    file_path: str | os.PathLike[str],
    artifact_store: ArtifactStore,
    *,
    storage: Storage | None = None,
    study: StudyHandle | None = None,
    mimetype: str | None = None,
    encoding: str | None = None,
) -> str:
    """Keep a file with a study or trial.

    The file is read twice, in pieces: once for its checksum, which becomes part of its id, and
    once into the store. The study or trial learns of it last, so that it never tells of an
    artifact that is not there.

    Args:
        study_or_trial: Whose it is.
        file_path: Its name (without the folder) becomes the artifact's label.
        artifact_store: Where its bytes go.
        storage: For a `FrozenTrial`, as in Optuna: the storage it was read from. Its study is
            then found by number, start and parameters.
        study: For a `FrozenTrial`: the study it was read from; spares the search.
        mimetype: None: guessed from the name.
        encoding: A value for Content-Encoding; None: guessed from the name.

    Returns:
        The artifact's id.

    Raises:
        FileNotFoundError: If there is no such file.
        ArtifactDamaged: If the file changed while it was read; nothing is kept.
        StorageFull: If the store has no room; nothing is kept.
        InvalidArgument: If the study of a `FrozenTrial` cannot be told.
        StaleAttempt: If the trial was reclaimed by another worker; nothing is kept.
    """
    path = Path(file_path)
    with path.open("rb") as body:
        return upload_stream(
            study_or_trial,
            body,
            path.name,
            artifact_store,
            storage=storage,
            study=study,
            mimetype=mimetype,
            encoding=encoding,
        )


def upload_stream(
    study_or_trial: AttributeOwner,
    body: BinaryIO,
    filename: str,
    artifact_store: ArtifactStore,
    *,
    storage: Storage | None = None,
    study: StudyHandle | None = None,
    mimetype: str | None = None,
    encoding: str | None = None,
) -> str:
    """`upload_artifact` for an open file, which is read from its start and left open.

    Args:
        study_or_trial: Whose it is.
        body: Seekable.
        filename: A label.
        artifact_store: See `upload_artifact`, as all that follows.
        storage: For a `FrozenTrial`.
        study: For a `FrozenTrial`.
        mimetype: None: guessed from the label.
        encoding: None: guessed from the label.

    Returns:
        The artifact's id.
    """
    attributes = SystemAttributes.of(study_or_trial, storage=storage, study=study)
    body.seek(0)
    sha256 = hashlib.sha256()
    size = 0
    while chunk := body.read(CHUNK):
        sha256.update(chunk)
        size += len(chunk)
    digest = sha256.hexdigest()
    meta = described(
        new_artifact_id(digest),
        filename,
        mimetype,
        encoding,
        size=size,
        sha256=digest,
        created=time.time_ns() // 1000,
    )
    body.seek(0)
    checked = CheckedReader(body, meta.artifact_id, owned=False)
    try:
        artifact_store.write(meta.artifact_id, checked)
        checked.verify()  # a store that knew the size need not have read past the last byte
        attributes.write({meta.key: meta.to_json()})
    except BaseException:
        with suppress(Exception):  # what went wrong before is what the caller must hear of
            artifact_store.remove(meta.artifact_id)
        raise
    return meta.artifact_id


def open_artifact(artifact_store: ArtifactStore, artifact_id: str) -> BinaryIO:
    """An artifact's content, checked while it is read.

    Reading past the last byte raises `ArtifactDamaged` if the content is not what was uploaded.

    Raises:
        ArtifactNotFound: If the store has none of that id.
        InvalidArgument: If the id may not be one.
    """
    check_artifact_id(artifact_id)
    return CheckedReader(artifact_store.open_reader(artifact_id), artifact_id)


def download_artifact(
    *,
    artifact_store: ArtifactStore,
    file_path: str | os.PathLike[str],
    artifact_id: str,
) -> None:
    """Write an artifact's content to a new file, which appears only once it is whole and right.

    Args:
        artifact_store: Where its bytes are.
        file_path: The file to make.
        artifact_id: As `upload_artifact` returned it, or as an `ArtifactMeta` tells it.

    Raises:
        FileExistsError: If there is such a file.
        ArtifactNotFound: If the store has none of that id.
        ArtifactDamaged: If the bytes are not those that were uploaded; no file is made.
        StorageFull: If there is no room for the file; none is made.
    """
    path = Path(file_path)
    if path.exists() or path.is_symlink():
        raise FileExistsError(f"`file_path`: expected a file that is not there yet, got {path}.")
    with open_artifact(artifact_store, artifact_id) as reader, new_file(path) as file:
        shutil.copyfileobj(reader, file, CHUNK)


def remove_artifact(
    study_or_trial: AttributeOwner,
    artifact_id: str,
    artifact_store: ArtifactStore,
    *,
    storage: Storage | None = None,
    study: StudyHandle | None = None,
) -> None:
    """Forget an artifact, its description first.

    Args:
        study_or_trial: Whose it is.
        artifact_id: Which one.
        artifact_store: Where its bytes are; that they are gone already is no error.
        storage: For a `FrozenTrial`; see `upload_artifact`.
        study: Likewise.

    Raises:
        ArtifactNotFound: If the study or trial has none of that id.
    """
    attributes = SystemAttributes.of(study_or_trial, storage=storage, study=study)
    key = PREFIX + check_artifact_id(artifact_id)
    if attributes.read().get(key) is None:
        raise ArtifactNotFound(f"No artifact {artifact_id} belongs to this study or trial.")
    attributes.write({key: None})
    with suppress(ArtifactNotFound):
        artifact_store.remove(artifact_id)


def get_all_artifact_meta(
    study_or_trial: AttributeOwner,
    *,
    storage: Storage | None = None,
    study: StudyHandle | None = None,
) -> list[ArtifactMeta]:
    """The artifacts of a study or trial, oldest first.

    Those of a study are not those of its trials.

    Args:
        study_or_trial: Whose. A `FrozenTrial` alone tells what it had when it was read.
        storage: For a `FrozenTrial`, to read anew; see `upload_artifact`.
        study: Likewise.

    Raises:
        InvalidArgument: If the study of a `FrozenTrial` cannot be told.
    """
    return artifacts_in(read_attributes(study_or_trial, storage=storage, study=study))


def get_artifact_path(study_or_trial: AttributeOwner, artifact_id: str) -> str:
    """Where the dashboard serves an artifact: a path to link to from a note.

    Args:
        study_or_trial: Whose it is: a study or a running trial.
        artifact_id: Which one.

    Raises:
        InvalidArgument: If the id may not be one, or on a `FrozenTrial`, which does not know
            its study.
    """
    attributes = SystemAttributes.of(study_or_trial)
    trial = "" if attributes.number is None else f"/{attributes.number}"
    return f"/artifacts/{attributes.study_id}{trial}/{check_artifact_id(artifact_id)}"
