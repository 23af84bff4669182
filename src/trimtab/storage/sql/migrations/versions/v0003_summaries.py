"""What summaries of studies are made of."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from trimtab.storage.sql.codec import loads

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("trimtab_study", sa.Column("active", sa.BigInteger))
    op.add_column("trimtab_trial", sa.Column("objective", sa.Double))
    connection = op.get_bind()
    for (study_id,) in connection.execute(sa.text("SELECT id FROM trimtab_study")).all():
        rows = connection.execute(
            sa.text(
                "SELECT number, means, constraints FROM trimtab_trial "
                "WHERE study_id = :study_id AND state = 1 AND means IS NOT NULL"
            ),
            {"study_id": study_id},
        )
        found = [
            {"study_id": study_id, "number": number, "objective": value}
            for number, means, constraints in rows
            if (value := _objective(means, constraints)) is not None
        ]
        if found:
            connection.execute(
                sa.text(
                    "UPDATE trimtab_trial SET objective = :objective "
                    "WHERE study_id = :study_id AND number = :number"
                ),
                found,
            )
    connection.execute(
        sa.text(
            "UPDATE trimtab_study SET active = (SELECT MAX(CASE WHEN finished > started "
            "THEN finished ELSE started END) FROM trimtab_trial WHERE study_id = trimtab_study.id)"
        )
    )


def _objective(means: str, constraints: str | None) -> float | None:
    """The one value of a COMPLETE trial, if it is feasible; None also where the row is damaged."""
    try:
        values: list[Any] = loads(means)
        feasible = constraints is None or all(c <= 0.0 for c in loads(constraints).values())
        return float(values[0]) if feasible and len(values) == 1 else None
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
