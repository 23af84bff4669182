"""Where trials run."""

from typing import Any

from trimtab.tune.executors.base import Executor
from trimtab.tune.executors.inline import InlineExecutor
from trimtab.tune.executors.process import ProcessExecutor

__all__ = ["Executor", "InlineExecutor", "ProcessExecutor", "RayExecutor"]


def __getattr__(name: str) -> Any:
    if name == "RayExecutor":  # Ray is loaded when it is used, not when it might be
        from trimtab.tune.executors.ray import RayExecutor

        return RayExecutor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
