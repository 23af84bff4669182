"""Floor 2: files and notes that belong to a study or a trial."""

from trimtab.artifacts.backoff import Backoff
from trimtab.artifacts.buckets import Boto3ArtifactStore, GCSArtifactStore
from trimtab.artifacts.exceptions import ArtifactNotFound
from trimtab.artifacts.fsspec import FsspecArtifactStore
from trimtab.artifacts.meta import ArtifactMeta
from trimtab.artifacts.notes import Note, get_note, load_note, save_note
from trimtab.artifacts.store import ArtifactStore, FileSystemArtifactStore
from trimtab.artifacts.transfer import (
    download_artifact,
    get_all_artifact_meta,
    get_artifact_path,
    open_artifact,
    remove_artifact,
    upload_artifact,
    upload_stream,
)

__all__ = [
    "ArtifactMeta",
    "ArtifactNotFound",
    "ArtifactStore",
    "Backoff",
    "Boto3ArtifactStore",
    "FileSystemArtifactStore",
    "FsspecArtifactStore",
    "GCSArtifactStore",
    "Note",
    "download_artifact",
    "get_all_artifact_meta",
    "get_artifact_path",
    "get_note",
    "load_note",
    "open_artifact",
    "remove_artifact",
    "save_note",
    "upload_artifact",
    "upload_stream",
]
