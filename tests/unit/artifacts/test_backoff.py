"""A store that tries again."""

import io
from typing import Any, BinaryIO

import pytest

from trimtab.artifacts import Backoff
from trimtab.errors import ArtifactNotFound, StorageFull


class Flaky:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.kept: dict[str, bytes] = {}
        self.calls = 0

    def _fail(self) -> None:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)

    def open_reader(self, artifact_id: str) -> BinaryIO:
        self._fail()
        return io.BytesIO(self.kept[artifact_id])

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        content = content_body.read()
        self._fail()
        self.kept[artifact_id] = content

    def remove(self, artifact_id: str) -> None:
        self._fail()
        del self.kept[artifact_id]


def test_content_is_read_anew_for_each_try() -> None:
    store = Flaky(OSError(), RuntimeError())
    waits: list[float] = []
    Backoff(store, sleep=waits.append).write("ab", io.BytesIO(b"all"))
    assert store.kept == {"ab": b"all"}
    assert 0.05 <= waits[0] <= 0.1
    assert 0.1 <= waits[1] <= 0.2


def test_one_success_is_enough() -> None:
    store = Flaky()
    store.kept["ab"] = b"x"
    Backoff(store, sleep=lambda _: None).remove("ab")
    assert store.calls == 1


def test_the_last_error_is_the_callers() -> None:
    store = Flaky(*[OSError(str(i)) for i in range(10)])
    waits: list[float] = []
    with pytest.raises(OSError, match="2"):
        Backoff(store, max_retries=3, max_delay=0.11, sleep=waits.append).open_reader("ab")
    assert (store.calls, len(waits)) == (3, 2)
    assert max(waits) <= 0.11


@pytest.mark.parametrize("error", [ArtifactNotFound("ab"), StorageFull("full")])
def test_what_does_not_pass_is_not_tried_again(error: Exception) -> None:
    store = Flaky(error)
    with pytest.raises(type(error)):
        Backoff(store, sleep=lambda _: None).open_reader("ab")
    assert store.calls == 1


@pytest.mark.parametrize(
    "bad",
    [{"max_retries": 0}, {"multiplier": 0}, {"min_delay": 0}, {"min_delay": 2, "max_delay": 1}],
)
def test_impossible_numbers(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Backoff(Flaky(), **bad)
