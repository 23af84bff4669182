"""Times: kept as microseconds since the epoch, shown in local time."""

from __future__ import annotations

import datetime

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)


def to_micros(moment: datetime.datetime | None) -> int | None:
    """Microseconds since the epoch, UTC; a time without a zone is local time."""
    if moment is None:
        return None
    return (moment.astimezone(datetime.UTC) - _EPOCH) // _MICROSECOND


def from_micros(micros: int | None) -> datetime.datetime | None:
    """A local time without a zone, as scripts written for Optuna compare with ``now()``."""
    if micros is None:
        return None
    seconds, rest = divmod(micros, 1_000_000)
    # It knows the second 01:30 of the night when clocks go back from the first, by its `fold`.
    return datetime.datetime.fromtimestamp(seconds).replace(microsecond=rest)  # noqa: DTZ006 - local
