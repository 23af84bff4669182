"""A script for Optuna sees the same with `import trimtab as optuna`, but for a short list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import trimtab
from tests.unit.study.optuna_differences import DIFFERENT, REASONS
from tests.unit.study.optuna_scripts import SCRIPTS
from tests.unit.study.transcript import Transcript, agrees

optuna: Any = pytest.importorskip("optuna", minversion="5.0", reason="compared with Optuna 5")


@pytest.fixture(autouse=True)
def _at_info() -> Iterator[None]:
    levels = optuna.logging.get_verbosity(), trimtab.logging.get_verbosity()
    for library in (optuna, trimtab):
        library.logging.set_verbosity(library.logging.INFO)
    yield
    optuna.logging.set_verbosity(levels[0])
    trimtab.logging.set_verbosity(levels[1])


def transcript(name: str, library: Any) -> dict[str, Any]:
    seen = Transcript(library)
    SCRIPTS[name](library, seen)
    return seen.rows


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SCRIPTS)
def test_script_sees_the_same(name: str) -> None:
    theirs, ours = transcript(name, optuna), transcript(name, trimtab)
    unlike = []
    for label in [*theirs, *(label for label in ours if label not in theirs)]:
        same = agrees(theirs.get(label), ours.get(label))
        if not same and f"{name}: {label}" not in DIFFERENT:
            unlike.append(
                f"{label}\n    Optuna  {theirs.get(label)}\n    Trimtab {ours.get(label)}"
            )
        if same and f"{name}: {label}" in DIFFERENT:
            unlike.append(f"{label}: no longer different; strike it from the list")
    assert not unlike, "\n".join(["", *unlike])


def test_users_are_told_of_every_difference() -> None:
    assert set(DIFFERENT.values()) == set(REASONS)
    page = Path(__file__).parents[3] / "docs/how-to/from-optuna.md"
    told = " ".join(page.read_text().split())
    assert [words for words in REASONS.values() if words not in told] == []


def test_an_error_is_compared_by_what_it_can_be_caught_as() -> None:
    def fails(library: Any, error: Exception) -> dict[str, Any]:
        seen = Transcript(library)

        def fail() -> None:
            raise error

        seen.call("fail", fail)
        return seen.rows

    value = fails(optuna, ValueError())["fail"]
    assert agrees(value, fails(trimtab, trimtab.exceptions.InvalidArgument("x", "1", 2))["fail"])
    assert not agrees(value, fails(trimtab, TypeError())["fail"])
    assert not agrees(fails(optuna, optuna.TrialPruned())["fail"], value)
