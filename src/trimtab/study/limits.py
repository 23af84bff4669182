"""When the loop ends, and what a trial may take."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space.checks import check_count, check_number
from trimtab.storage import Storage


@dataclass(frozen=True, slots=True)
class Limits:
    """When the loop ends, and what a trial may take; see `Study.optimize`."""

    n_trials: int | None = None
    total_trials: int | None = None
    timeout: float | None = None
    trial_timeout: float | None = None
    replicates: int = 1
    max_retries: int = Storage.max_retries
    lease: float = Storage.lease_seconds

    def __post_init__(self) -> None:
        for name in ("n_trials", "total_trials"):
            number = getattr(self, name)
            if number is not None and (
                isinstance(number, bool) or not isinstance(number, Integral)
            ):
                raise InvalidType(name, "an integer or None", number)
            if number is not None and number < 0:
                raise InvalidArgument(name, "at least 0", number)
        for name in ("timeout", "trial_timeout"):
            seconds = getattr(self, name)
            if seconds is not None:
                check_number(name, seconds, 0.0)
        check_count("replicates", self.replicates, 1)
        check_count("max_retries", self.max_retries, 0)
        if not check_number("lease", self.lease, 0.0) > 0:
            raise InvalidArgument("lease", "a positive number of seconds", self.lease)
