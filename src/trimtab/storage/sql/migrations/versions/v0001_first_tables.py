"""The first tables."""

import sqlalchemy as sa
from alembic import op

from trimtab.storage.sql.types import LongText, Name, row_id

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "trimtab_study",
        sa.Column("id", row_id(), primary_key=True),
        sa.Column("name", Name(), nullable=False, unique=True),
        sa.Column("directions", LongText(), nullable=False),
        sa.Column("metric_names", LongText()),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("archived", sa.SmallInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("next_number", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "trimtab_study_attr",
        sa.Column("study_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("scope", sa.String(6), primary_key=True),
        sa.Column("name", Name(), primary_key=True),
        sa.Column("body", LongText(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trimtab_layout",
        sa.Column("study_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("body", LongText(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trimtab_trial",
        sa.Column("study_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("layout", sa.Integer, nullable=False),
        sa.Column("point", LongText(), nullable=False),
        sa.Column("means", LongText()),
        sa.Column("sems", LongText()),
        sa.Column("constraints", LongText()),
        sa.Column("user_attrs", LongText()),
        sa.Column("system_attrs", LongText()),
        sa.Column("started", sa.BigInteger),
        sa.Column("finished", sa.BigInteger),
        sa.Column("archived", sa.SmallInteger, nullable=False),
        sa.Column("claimable_at", sa.BigInteger),
        sa.Column("max_attempts", sa.Integer),
        sa.Column("worker", Name()),
        sa.Column("claim", sa.BigInteger),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trimtab_trial_revision", "trimtab_trial", ["study_id", "revision"])
    claimable = sa.column("claimable_at").is_not(None)
    op.create_index(
        "ix_trimtab_trial_claimable",
        "trimtab_trial",
        ["study_id", "claimable_at", "number"],
        sqlite_where=claimable,
        postgresql_where=claimable,
    )
    op.create_table(
        "trimtab_report",
        sa.Column("study_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("step", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("metrics", LongText(), nullable=False),
        sa.Column("checkpoint", Name()),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trimtab_report_revision", "trimtab_report", ["study_id", "revision"])
