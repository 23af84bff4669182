"""What every artifact store is held to.

For a store of your own::

    class TestMine(ArtifactStoreContract):
        def make(self):
            return MyStore()
"""

from __future__ import annotations

import hashlib
import io
from abc import ABC, abstractmethod
from typing import Any

import pytest

from trimtab.artifacts import (
    ArtifactStore,
    open_artifact,
    remove_artifact,
    upload_stream,
)
from trimtab.artifacts.ids import new_artifact_id
from trimtab.errors import ArtifactDamaged, ArtifactNotFound
from trimtab.records import StudyDirection
from trimtab.storage import InMemoryStorage

NOT_IDS = ["", ".", "..", "../x", "a/b", "a\\b", "/etc/passwd", "a\0", "A0", "%2e%2e", "a" * 65]


class SomeStudy:
    """The least that artifacts can belong to."""

    def __init__(self) -> None:
        self.storage = InMemoryStorage()
        self.study_id = self.storage.create_study("s", (StudyDirection.MINIMIZE,)).id


class _Gone(Exception):
    """No error that a client library would take for the network's and try again."""


class _Breaking(io.RawIOBase):
    """Content of which half can be read before it ends in an error."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size // 2:
            raise _Gone
        size = min(len(buffer), self._size // 2 - self._at)
        self._at += size
        buffer[:size] = b"x" * size
        return size


class ArtifactStoreContract(ABC):
    """The promises of a store, as tests."""

    @abstractmethod
    def make(self) -> ArtifactStore:
        """A store; all that one test makes may share their content."""

    @pytest.mark.parametrize("size", [0, 1, 70_000, 3 << 20])
    def test_content_comes_back_as_it_was(self, size: int) -> None:
        content = bytes(range(251)) * (size // 251 + 1)
        content = content[:size]
        store = self.make()
        name = _id(content)
        store.write(name, io.BytesIO(content))
        with open_artifact(store, name) as reader:
            assert reader.read() == content

    def test_content_larger_than_one_request(self) -> None:
        content = hashlib.shake_256(b"seed").digest(12 << 20)
        study, store = SomeStudy(), self.make()
        name = upload_stream(study, io.BytesIO(content), "big.bin", store)
        with open_artifact(store, name) as reader:
            assert reader.read() == content

    def test_a_second_store_reads_what_the_first_wrote(self) -> None:
        self.make().write("ab-1", io.BytesIO(b"x"))
        with self.make().open_reader("ab-1") as reader:
            assert reader.read() == b"x"

    def test_writing_again_replaces(self) -> None:
        store = self.make()
        store.write("ab-2", io.BytesIO(b"first"))
        store.write("ab-2", io.BytesIO(b"2nd"))
        with store.open_reader("ab-2") as reader:
            assert reader.read() == b"2nd"

    @pytest.mark.parametrize("size", [1000, 30 << 20])
    def test_nothing_is_kept_of_content_that_breaks_off(self, size: int) -> None:
        store = self.make()
        with pytest.raises(_Gone):
            store.write("ab-3", io.BufferedReader(_Breaking(size)))
        with pytest.raises(ArtifactNotFound):
            store.open_reader("ab-3")

    def test_removed_is_gone(self) -> None:
        store = self.make()
        store.write("ab-4", io.BytesIO(b"x"))
        store.remove("ab-4")
        with pytest.raises(ArtifactNotFound):
            store.open_reader("ab-4")
        with pytest.raises(ArtifactNotFound):
            store.remove("ab-4")

    def test_unknown_ids(self) -> None:
        store = self.make()
        with pytest.raises(ArtifactNotFound):
            store.open_reader("ab-5")
        with pytest.raises(ArtifactNotFound):
            store.remove("ab-5")

    @pytest.mark.parametrize("name", NOT_IDS)
    def test_an_id_is_never_a_path(self, name: str) -> None:
        store = self.make()
        with pytest.raises(ValueError, match="artifact_id"):
            store.open_reader(name)
        with pytest.raises(ValueError, match="artifact_id"):
            store.write(name, io.BytesIO(b"x"))
        with pytest.raises(ValueError, match="artifact_id"):
            store.remove(name)

    def test_damage_is_seen_while_reading(self) -> None:
        study, store = SomeStudy(), self.make()
        name = upload_stream(study, io.BytesIO(b"all of it"), "x.bin", store)
        store.write(name, io.BytesIO(b"all of iT"))
        with open_artifact(store, name) as reader, pytest.raises(ArtifactDamaged):
            reader.read()

    def test_content_that_changes_while_it_is_uploaded_is_not_kept(self) -> None:
        study, store = SomeStudy(), self.make()
        with pytest.raises(ArtifactDamaged):
            upload_stream(study, _Changing(), "x.bin", store)
        assert study.storage.study(study.study_id).system_attrs == {}

    def test_upload_and_remove(self) -> None:
        study, store = SomeStudy(), self.make()
        name = upload_stream(study, io.BytesIO(b"x"), "x.bin", store)
        remove_artifact(study, name, store)
        with pytest.raises(ArtifactNotFound):
            store.open_reader(name)


class _Changing(io.BytesIO):
    """Other bytes each time it is read from the start."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if offset == whence == 0:
            self.reads = getattr(self, "reads", 0) + 1
            super().seek(0)
            self.truncate()
            self.write(str(self.reads).encode() * 10)
        return super().seek(offset, whence)


def _id(content: bytes) -> Any:
    return new_artifact_id(hashlib.sha256(content).hexdigest())
