"""Objects of class trainables: each cleans up once, and only good ones are used again."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from trimtab import tune
from trimtab.tune.session import Ended
from trimtab.tune.trainable import Made


class Noted(tune.Trainable):
    """Notes what becomes of its objects."""

    notes: list[str]

    def setup(self, config: dict[str, Any]) -> None:
        self.notes.append("made")

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.notes.append("reset")
        assert new_config is self.config
        if new_config.get("raise"):
            raise ValueError("as it was told")
        return True

    def cleanup(self) -> None:
        self.notes.append("cleaned up")
        if self.config.get("dirty"):
            raise RuntimeError("cannot")


@pytest.fixture(autouse=True)
def notes() -> Iterator[list[str]]:
    """What became of them."""
    Noted.notes = []
    yield Noted.notes
    del Noted.notes


def test_one_that_failed_is_not_used_again(notes: list[str]) -> None:
    made = Made(reuse=True)
    with pytest.raises(ValueError, match="mine"), made.one(Noted, {}):
        raise ValueError("mine")
    with made.one(Noted, {"a": 1}) as state:
        assert state.config == {"a": 1}
    made.close()
    assert notes == ["made", "cleaned up"] * 2


def test_one_that_was_ended_is(notes: list[str]) -> None:
    made = Made(reuse=True)
    with pytest.raises(Ended), made.one(Noted, {}) as first:
        raise Ended
    with made.one(Noted, {"a": 1}) as state:
        assert state is first
        assert state.config == {"a": 1}
    made.close()
    made.close()
    assert notes == ["made", "reset", "cleaned up"]


def test_one_that_cannot_be_reset_cleans_up(notes: list[str]) -> None:
    made = Made(reuse=True)
    with made.one(Noted, {}):
        pass
    with pytest.raises(ValueError, match="as it was told"), made.one(Noted, {"raise": True}):
        pass
    made.close()
    assert notes == ["made", "reset", "cleaned up"]


def test_all_clean_up_though_one_cannot(notes: list[str], caplog: pytest.LogCaptureFixture) -> None:
    made = Made(reuse=True)
    with made.one(Noted, {"dirty": True}), made.one(Noted, {}):
        pass
    with caplog.at_level(logging.WARNING):
        made.close()
    assert notes == ["made", "made", "cleaned up", "cleaned up"]
    assert "failed to clean up" in caplog.text
