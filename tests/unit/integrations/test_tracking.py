"""Callbacks by their names."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from trimtab.errors import InvalidArgument, InvalidType, MissingDependency
from trimtab.integrations.tracking import check_tracking, trackers


@pytest.mark.parametrize(
    ("tracking", "read"),
    [
        (None, {}),
        ("wandb", {"wandb": {}}),
        (["wandb", "mlflow"], {"wandb": {}, "mlflow": {}}),
        (
            {"mlflow": {"metric_name": "m"}, "wandb": None},
            {"mlflow": {"metric_name": "m"}, "wandb": {}},
        ),
    ],
)
def test_names_with_and_without_arguments(tracking: Any, read: Any) -> None:
    assert check_tracking(tracking) == read


@pytest.mark.parametrize(
    ("tracking", "error", "says"),
    [
        (["wandb", "mlfow"], InvalidArgument, "'mlfow'"),
        (3, InvalidType, "tracking"),
        ({"wandb": ["p"]}, InvalidType, "tracking.wandb"),
    ],
)
def test_what_is_nothing_of_the_kind(tracking: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        check_tracking(tracking)


def test_an_argument_that_there_is_not() -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    with pytest.raises(InvalidType, match=r"tracking\.mlflow"):
        trackers({"mlflow": {"metrics": "m"}})


@pytest.mark.parametrize("library", ["wandb", "mlflow"])
def test_a_library_that_is_not_installed(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name == library:
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency, match=library):
        trackers(library)
