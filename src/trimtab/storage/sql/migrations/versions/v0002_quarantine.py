"""A place for rows that cannot be read."""

import sqlalchemy as sa
from alembic import op

from trimtab.storage.sql.types import LongText, row_id

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "trimtab_quarantine",
        sa.Column("id", row_id(), primary_key=True),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("study_id", sa.BigInteger),
        sa.Column("number", sa.BigInteger),
        sa.Column("body", LongText(), nullable=False),
        sa.Column("reason", LongText(), nullable=False),
        sa.Column("moved", sa.BigInteger, nullable=False),
    )
