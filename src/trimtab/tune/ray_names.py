"""Ray's own start and stop, for scripts that call them: here nothing has to be started.

A run starts the workers it needs and ends them with it. So ``from trimtab.tune import ray_names as
ray`` is all that such a script has to change.
"""

from __future__ import annotations

from typing import Any

from trimtab.errors import warn

_IN_PLACE = {
    "num_cpus": "TuneConfig(executor=ProcessExecutor(num_cpus=...))",
    "num_gpus": "TuneConfig(executor=ProcessExecutor(num_gpus=...))",
    "resources": "TuneConfig(executor=ProcessExecutor(resources=...))",
    "address": "TuneConfig(executor='ray') and Ray's own init",
}
_HARMLESS = {"ignore_reinit_error", "include_dashboard", "log_to_driver", "logging_level"}


def is_initialized() -> bool:
    """True: all that a run needs is there."""
    return True


def init(address: str | None = None, **options: Any) -> None:
    """Do nothing: a run starts what it needs.

    Warns:
        TrimtabWarning: Of options that would have changed how much there is to run on; it says
            what takes their place.
    """
    if address is not None:
        options["address"] = address
    for name in sorted(options.keys() - _HARMLESS):
        instead = _IN_PLACE.get(name)
        advice = f"; say it with {instead}" if instead else ""
        warn(f"`init` starts nothing here, so `{name}` has no effect{advice}.")


def shutdown() -> None:
    """Do nothing: a run has ended what it started when `Tuner.fit` returns."""
