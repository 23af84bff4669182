"""Uploads that are large, cut off, or find no room: nothing is half-kept, and memory is bounded."""

import errno
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.security.house import TOKEN, client, house
from tests.security.listening import Listening, listening
from trimtab.artifacts import get_all_artifact_meta
from trimtab.dashboard.security import Gate
from trimtab.storage import InMemoryStorage
from trimtab.study import load_study

MEGABYTE = 1 << 20
BEFORE = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
AFTER = b"\r\n--x--\r\n"
WAYS = {
    "page": ("/studies/{}/artifacts", "x-file-name: a.bin\r\n", b"", b""),
    "api": (
        "/api/studies/{}/artifacts",
        "content-type: multipart/form-data; boundary=x\r\n",
        BEFORE,
        AFTER,
    ),
}


@pytest.fixture(scope="module")
def served(gate: Gate) -> Iterator[Listening]:
    """The dashboard behind a real socket."""
    with listening(gate) as server:
        yield server


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, words: dict[str, str]) -> tuple[str, str, bytes, bytes]:
    """Where a file is sent, and what is sent around it."""
    path, header, before, after = WAYS[request.param]
    return path.format(words["ref"]), header, before, after


def _head(way: tuple[str, str, bytes, bytes], size: int) -> bytes:
    path, header, before, after = way
    length = len(before) + size + len(after)
    return (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n"
        f"accept: application/json\r\n{header}content-length: {length}\r\n\r\n"
    ).encode() + before


def _kept(storage: InMemoryStorage, folder: Path) -> tuple[int, int]:
    study = load_study(study_name="first", storage=storage)
    return len(get_all_artifact_meta(study)), len(list((folder / "files").iterdir()))


@pytest.mark.slow
def test_memory_does_not_grow_with_an_upload(
    served: Listening,
    way: tuple[str, str, bytes, bytes],
    storage: InMemoryStorage,
    folder: Path,
) -> None:
    """The server is this process, so its size tells."""
    piece = bytes(MEGABYTE)
    assert served.say(_head(way, MEGABYTE), [piece, way[3]]).startswith(b"HTTP/1.1 201")
    n_attrs, n_files = _kept(storage, folder)
    before = psutil.Process().memory_info().rss
    answer = served.say(_head(way, 100 * MEGABYTE), [*[piece] * 100, way[3]])
    assert answer.startswith(b"HTTP/1.1 201"), answer[:300]
    assert psutil.Process().memory_info().rss - before < 20 * MEGABYTE
    assert _kept(storage, folder) == (n_attrs + 1, n_files + 1)
    largest = max((folder / "files").iterdir(), key=lambda file: file.stat().st_size)
    assert largest.stat().st_size == 100 * MEGABYTE
    largest.unlink()


def test_an_upload_that_is_cut_off_leaves_nothing(
    served: Listening,
    way: tuple[str, str, bytes, bytes],
    storage: InMemoryStorage,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = _kept(storage, folder)
    for size in (0, 1000, 3 * MEGABYTE):
        with served.open() as connection:
            connection.sendall(_head(way, 10 * MEGABYTE) + bytes(size))
        with served.open() as connection:  # and one that goes while it is being read
            connection.sendall(_head(way, 10 * MEGABYTE))
            connection.sendall(bytes(size))
            time.sleep(0.05)
    assert served.say(served.head("/api/studies")).startswith(b"HTTP/1.1 200")
    assert _kept(storage, folder) == before
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_no_room_for_what_is_sent(
    gate: Gate,
    words: dict[str, str],
    storage: InMemoryStorage,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither where files are collected before they are kept, nor where they are kept."""

    def full(self: Any, *args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = _kept(storage, folder)
    visitor = client(gate, accept="application/json")
    page, api = f"/studies/{words['ref']}/artifacts", f"/api/studies/{words['ref']}/artifacts"
    content = bytes(3 * MEGABYTE)
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "write", full)
    answers = [
        visitor.post(page, content=content, headers={"x-file-name": "a.bin"}),
        visitor.post(api, files={"file": ("a.bin", content)}),
    ]
    for answer in answers:
        assert answer.status_code == 507
        assert answer.json()["error"]["type"] == "StorageFull"
        assert tempfile.gettempdir() not in answer.text
    assert _kept(storage, folder) == before


def test_a_file_whose_content_is_gone(
    storage: InMemoryStorage, words: dict[str, str], folder: Path
) -> None:
    """It is said that it is gone, in the one shape of errors; what is left of it can be deleted."""
    visitor = client(house(storage, folder), accept="application/json")
    api = f"/api/studies/{words['ref']}/artifacts"
    made = visitor.post(api, files={"file": ("a.csv", b"a,b\n1,2\n")}).json()["id"]
    (folder / "files" / made).unlink()
    address = f"/artifacts/{words['ref']}/study/{made}"
    for path in (address, f"{address}?download=1", f"{address}/preview", f"{api}/{made}"):
        answer = visitor.get(path)
        assert answer.status_code in (404, 410), path
        assert "gone" in json.loads(answer.text)["error"]["message"], path
    answer = visitor.get(address, headers={"range": "bytes=0-3"})
    assert answer.status_code in (404, 410)
    assert visitor.delete(address).status_code == 204
    assert visitor.get(address).status_code == 404
