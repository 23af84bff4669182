"""Where the results of a trial come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trimtab.space import check_name

if TYPE_CHECKING:
    from trimtab.experiment.trial import BaseTrial


class Metric:
    """Something that is measured of every arm.

    Subclass it and define `fetch_trial_data`, which `Experiment.fetch_data` calls. A metric whose
    values are told (`Client.complete_trial`, `Experiment.attach_data`) needs no subclass.

    Args:
        name: 1 to 255 characters.
        lower_is_better: Which way is good; None: nobody said.
    """

    def __init__(self, name: str, lower_is_better: bool | None = None) -> None:
        self.name = check_name("metric", name)
        self.lower_is_better = lower_is_better

    @property
    def is_available_while_running(self) -> bool:
        """Whether a running trial may be asked; its rows then have a ``step``."""
        return False

    @property
    def is_told(self) -> bool:
        """Whether there is no way to fetch it: somebody tells its values."""
        return type(self).fetch_trial_data is Metric.fetch_trial_data

    def fetch_trial_data(self, trial: BaseTrial, **kwargs: Any) -> Any:
        """The measurements of a trial's arms.

        Args:
            trial: Completed, or running where `is_available_while_running`.
            **kwargs: None are given; accepted for subclasses that were written for Ax.

        Returns:
            `Data` with a row for each arm (or an object whose ``value`` is that).
        """
        raise NotImplementedError(
            f"The metric {self.name!r} has no fetch_trial_data: subclass Metric and define it, or "
            "tell its values with attach_data."
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"
