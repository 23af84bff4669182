"""The folder store where the file system is hostile or full."""

import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from trimtab.artifacts import (
    FileSystemArtifactStore,
    download_artifact,
    get_all_artifact_meta,
    upload_artifact,
)
from trimtab.errors import ArtifactNotFound, StorageFull
from trimtab.testing.artifact_stores import SomeStudy


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_files_are_named_by_id_and_readable_by_others_as_the_umask_says(tmp_path: Path) -> None:
    FileSystemArtifactStore(tmp_path).write("ab-1", BytesIO(b"x"))
    (file,) = tmp_path.iterdir()
    umask = os.umask(0)
    os.umask(umask)
    assert file.name == "ab-1"
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~umask


def test_a_link_in_an_artifacts_place_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (folder / "ab-1").symlink_to(secret)
    store = FileSystemArtifactStore(folder)
    with pytest.raises(ArtifactNotFound):
        store.open_reader("ab-1")
    store.write("ab-1", BytesIO(b"mine"))
    assert secret.read_bytes() == b"secret"
    assert (folder / "ab-1").read_bytes() == b"mine"
    (folder / "ab-2").symlink_to(secret)
    store.remove("ab-2")
    assert secret.exists()


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_no_artifact(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "ab-1").mkdir()
    else:
        os.mkfifo(tmp_path / "ab-1")
    with pytest.raises(ArtifactNotFound):
        FileSystemArtifactStore(tmp_path).open_reader("ab-1")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_not_called_missing(tmp_path: Path) -> None:
    store = FileSystemArtifactStore(tmp_path)
    store.write("ab-1", BytesIO(b"x"))
    (tmp_path / "ab-1").chmod(0)
    with pytest.raises(PermissionError):
        store.open_reader("ab-1")


def test_no_room_keeps_what_was_there_and_leaves_nothing_behind(tmp_path: Path) -> None:
    store = FileSystemArtifactStore(tmp_path)
    store.write("ab-1", BytesIO(b"before"))
    with file_size_limit(100_000), pytest.raises(StorageFull, match="No room"):
        store.write("ab-1", BytesIO(b"x" * 3_000_000))
    assert [file.name for file in tmp_path.iterdir()] == ["ab-1"]
    assert (tmp_path / "ab-1").read_bytes() == b"before"
    store.write("ab-1", BytesIO(b"x" * 3_000_000))
    assert (tmp_path / "ab-1").stat().st_size == 3_000_000


def test_a_full_disk_is_told_from_other_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    store = FileSystemArtifactStore(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        store.write("ab-1", BytesIO(b"x"))
    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)) as caught:
        store.write("ab-1", BytesIO(b"x"))
    assert not isinstance(caught.value, StorageFull)
    assert list(tmp_path.iterdir()) == []


def test_an_upload_without_room_is_not_told_to_the_study(tmp_path: Path) -> None:
    study, store = SomeStudy(), FileSystemArtifactStore(tmp_path / "artifacts")
    file = tmp_path / "big.bin"
    file.write_bytes(b"x" * 3_000_000)
    with file_size_limit(100_000), pytest.raises(StorageFull):
        upload_artifact(study, file, store)
    assert get_all_artifact_meta(study) == []
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_a_download_without_room_makes_no_file(tmp_path: Path) -> None:
    study, store = SomeStudy(), FileSystemArtifactStore(tmp_path / "artifacts")
    file = tmp_path / "big.bin"
    file.write_bytes(b"x" * 3_000_000)
    name = upload_artifact(study, file, store)
    target = tmp_path / "there"
    with file_size_limit(100_000), pytest.raises(StorageFull):
        download_artifact(artifact_store=store, file_path=target, artifact_id=name)
    assert not target.exists()


def test_kill_in_the_middle_leaves_no_artifact(tmp_path: Path) -> None:
    code = """
import io, os, signal, sys
from trimtab.artifacts import FileSystemArtifactStore

class Fatal(io.BytesIO):
    def read(self, size=-1):
        chunk = super().read(size)
        if not chunk:
            os.kill(os.getpid(), signal.SIGKILL)
        return chunk

FileSystemArtifactStore(sys.argv[1]).write("ab-1", Fatal(b"x" * 3_000_000))
"""
    subprocess.run([sys.executable, "-c", code, os.fspath(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".ab-1.")
    assert left.name.endswith(".part")
    with pytest.raises(ArtifactNotFound):
        FileSystemArtifactStore(tmp_path).open_reader("ab-1")


def test_artifacts_are_streamed(tmp_path: Path) -> None:
    # 300 MB through a process that may have 200 MB more than it has after its imports.
    code = """
import resource, sys
from pathlib import Path
from trimtab.artifacts import FileSystemArtifactStore, download_artifact, upload_artifact
from trimtab.testing.artifact_stores import SomeStudy

folder = Path(sys.argv[1])
with (folder / "big").open("wb") as file:
    file.truncate(300_000_000)
store = FileSystemArtifactStore(folder / "artifacts")
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 100_000_000,) * 2)
name = upload_artifact(SomeStudy(), folder / "big", store)
download_artifact(artifact_store=store, file_path=folder / "copy", artifact_id=name)
assert (folder / "copy").stat().st_size == 300_000_000
"""
    subprocess.run([sys.executable, "-c", code, os.fspath(tmp_path)], check=True, timeout=100)
