"""Measurements as rows: which arm, which metric, its mean and standard error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trimtab.errors import InvalidArgument, InvalidType, MissingDependency
from trimtab.records import as_float

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Final = ("arm_name", "metric_name", "mean", "sem", "trial_index")


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement.

    Attributes:
        trial_index: Of the trial.
        arm_name: Of the arm.
        metric_name: What was measured.
        mean: Not NaN where it counts as a result; infinite or NaN makes the arm fail.
        sem: Standard error: 0.0 noiseless, None unknown.
        step: When it was measured, in the trial's own count; None: at its end.
    """

    trial_index: int
    arm_name: str
    metric_name: str
    mean: float
    sem: float | None = None
    step: int | None = None


class Data:
    """A table of measurements.

    Args:
        df: A DataFrame, or records, with the columns ``arm_name``, ``metric_name``, ``mean``,
            ``sem`` and ``trial_index``, and perhaps ``step``; any other column is left alone.
            A ``sem`` of NaN or None is unknown. None: empty.

    Raises:
        InvalidArgument: If a column is missing, or a standard error is negative.
        InvalidType: If a cell cannot be what its column says.
    """

    def __init__(self, df: pd.DataFrame | Iterable[Mapping[str, Any]] | None = None) -> None:
        if df is None:
            records: list[Any] = []
        elif hasattr(df, "to_dict"):
            records = df.to_dict("records")
        else:
            records = list(df)
        self.rows: Sequence[Row] = tuple(_row(record) for record in records)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Data:
        """A table of these rows."""
        data = cls()
        data.rows = tuple(rows)
        return data

    @property
    def df(self) -> pd.DataFrame:
        """The table as a pandas DataFrame; needs the extra ``pandas``."""
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependency("pandas", "pandas") from error
        steps = any(row.step is not None for row in self.rows)
        records = [
            {
                "arm_name": row.arm_name,
                "metric_name": row.metric_name,
                "mean": row.mean,
                "sem": math.nan if row.sem is None else row.sem,
                "trial_index": row.trial_index,
                **({"step": row.step} if steps else {}),
            }
            for row in self.rows
        ]
        return pd.DataFrame(records, columns=[*COLUMNS, *(["step"] if steps else [])])

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Data({len(self.rows)} rows)"


def _row(record: Any) -> Row:
    if not isinstance(record, Mapping):
        raise InvalidType("df", f"rows with the columns {COLUMNS}", record)
    if missing := [name for name in COLUMNS if name not in record]:
        raise InvalidArgument("df", f"the columns {COLUMNS}", f"none named {', '.join(missing)}")
    step = record.get("step")
    return Row(
        int(record["trial_index"]),
        str(record["arm_name"]),
        str(record["metric_name"]),
        as_float("mean", record["mean"]),
        sem_of(record["sem"]),
        None if step is None or step != step else int(step),
    )


def sem_of(value: Any) -> float | None:
    """A standard error from a table: None and NaN are unknown.

    Raises:
        InvalidArgument: If it is negative or infinite.
        InvalidType: If it is no number.
    """
    if value is None:
        return None
    sem = as_float("sem", value)
    if math.isnan(sem):
        return None
    if not (sem >= 0.0 and math.isfinite(sem)):
        raise InvalidArgument("sem", "None, NaN (unknown) or a finite number of at least 0", value)
    return sem
