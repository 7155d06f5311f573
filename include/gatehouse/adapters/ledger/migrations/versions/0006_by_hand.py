"""Batches checked again, ranges backfilled, each as a person asked for it; and the archived reports of decisions.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables."""
    op.get_bind().exec_driver_sql(
        (SQL / "by_hand.sql").read_text().replace("%", "%%")
    )  # % is no parameter of the driver's


def downgrade() -> None:
    """Drop them again, with what they hold."""
    op.get_bind().exec_driver_sql(
        "DROP TABLE gatehouse.decision_reports, gatehouse.backfill_ends, gatehouse.backfills, gatehouse.revalidations; "
        "DROP FUNCTION gatehouse.ticked, gatehouse.one_backfill"
    )
