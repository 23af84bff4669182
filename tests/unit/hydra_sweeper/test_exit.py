"""What a job registers to be done at its end, which is not what the sweep has registered."""

import atexit

import pytest

from hydra_plugins.trimtab_sweeper._exit import ExitFunctions


@pytest.fixture
def leaving(monkeypatch: pytest.MonkeyPatch) -> ExitFunctions:
    for name in ("register", "unregister"):
        monkeypatch.setattr(atexit, name, getattr(atexit, name))  # given back afterwards
    functions = ExitFunctions()
    functions.take_over()
    return functions


def test_the_last_one_comes_first_and_once(leaving: ExitFunctions) -> None:
    said: list[object] = []
    atexit.register(said.append, 1)
    atexit.register(said.extend, (2, 3))
    leaving.run()
    leaving.run()
    assert said == [2, 3, 1]


def test_what_is_unregistered_is_not_called(leaving: ExitFunctions) -> None:
    said: list[str] = []

    @atexit.register
    def speak() -> None:
        said.append("spoken")

    atexit.unregister(speak)
    leaving.run()
    assert said == []


def test_one_that_raises_does_not_keep_the_others_from_it(
    leaving: ExitFunctions, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    atexit.register(said.append, "first")
    atexit.register(lambda: 1 / 0)
    leaving.run()
    assert said == ["first"]
    assert "ZeroDivisionError" in caplog.text
