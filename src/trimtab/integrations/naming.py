"""What objectives and trials are called where they are logged."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.study import Study


def identity(name: str, path: Path, trial_id: str) -> str:
    """The same for a trial whenever its run is taken up again, and for no other's of that name.

    Args:
        name: The run's.
        path: The run's folder.
        trial_id: The trial's.
    """
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', name)}-{trial_id}-{digest}"


def check_metric_name(metric_name: str | Sequence[str]) -> str | tuple[str, ...]:
    """``metric_name`` if it is a name or several.

    Raises:
        InvalidType: If it is not.
    """
    if isinstance(metric_name, str):
        return metric_name
    if isinstance(metric_name, Sequence) and all(isinstance(each, str) for each in metric_name):
        return tuple(metric_name)
    raise InvalidType("metric_name", "a name, or one for each objective", metric_name)


def names_of(study: Study, metric_name: str | tuple[str, ...]) -> tuple[str, ...]:
    """A name for each objective.

    Raises:
        InvalidArgument: If there are names for another number of objectives.
    """
    n = len(study.directions)
    if isinstance(metric_name, str):
        return (metric_name,) if n == 1 else tuple(f"{metric_name}_{i}" for i in range(n))
    if len(metric_name) != n:
        raise InvalidArgument("metric_name", f"{n} names, one for each objective", metric_name)
    return metric_name
