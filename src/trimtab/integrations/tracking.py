"""Callbacks by their names, for doors that are configured by text."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from trimtab.errors import InvalidArgument, InvalidType

if TYPE_CHECKING:
    from trimtab.records import FrozenTrial
    from trimtab.study import Study


class Tracker(Protocol):
    """What is told of every trial that has ended."""

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Log a trial that has ended."""

    def finish(self) -> None:
        """No more trials will come."""


Tracking = str | Sequence[str] | Mapping[str, Mapping[str, Any] | None] | None


def _wandb(metric_name: str | Sequence[str] = "value", **settings: Any) -> Tracker:
    from trimtab.integrations.wandb import WeightsAndBiasesCallback

    # Ten lines about each run would bury what the sweep itself has to say.
    quiet = {"settings": {"silent": True}, **settings}
    return WeightsAndBiasesCallback(metric_name, quiet, as_multirun=True)


def _mlflow(tracking_uri: str | None = None, **arguments: Any) -> Tracker:
    from trimtab.integrations.mlflow import MLflowCallback

    if tracking_uri is None and "MLFLOW_TRACKING_URI" not in os.environ:
        tracking_uri = "sqlite:///mlflow.db"
    return MLflowCallback(tracking_uri, **{"study_run": True, **arguments})


_KNOWN: Final[Mapping[str, Callable[..., Tracker]]] = {"wandb": _wandb, "mlflow": _mlflow}


def check_tracking(tracking: Tracking) -> dict[str, dict[str, Any]]:
    """Where trials are logged, by name, with arguments.

    Args:
        tracking: ``wandb``, ``mlflow``, a list of both, or arguments by name: for ``wandb`` those
            of ``wandb.init``, for ``mlflow`` those of `MLflowCallback`, and for either
            ``metric_name``. None: nowhere.

    Raises:
        InvalidArgument: If a name is unknown.
        InvalidType: If it is none of these.
    """
    if tracking is None:
        return {}
    if isinstance(tracking, str):
        tracking = [tracking]
    if not isinstance(tracking, Mapping):
        if not isinstance(tracking, Sequence):
            raise InvalidType("tracking", "names, or arguments by name", tracking)
        tracking = dict.fromkeys(tracking)
    for name, arguments in tracking.items():
        if name not in _KNOWN:
            raise InvalidArgument("tracking", f"names among {', '.join(_KNOWN)}", name)
        if not isinstance(arguments, (Mapping, type(None))):
            raise InvalidType(f"tracking.{name}", "arguments by name", arguments)
    return {name: dict(arguments or {}) for name, arguments in tracking.items()}


def trackers(tracking: Tracking) -> tuple[Tracker, ...]:
    """Callbacks that log trials: at W&B a run of each in the study's group, at MLflow a run of
    each under that of the study, in ``mlflow.db`` where ``MLFLOW_TRACKING_URI`` says nothing else.

    Args:
        tracking: See `check_tracking`.

    Raises:
        InvalidArgument: If a name is unknown.
        InvalidType: If it is nothing of the kind, or an argument unknown.
        MissingDependency: If a library is not installed (an ImportError).
    """
    made = []
    for name, arguments in check_tracking(tracking).items():
        try:
            made.append(_KNOWN[name](**arguments))
        except InvalidType:
            raise
        except TypeError as error:
            raise InvalidType(f"tracking.{name}", "its arguments by name", arguments) from error
    return tuple(made)
