"""Being told: troubles, and messages with where they stand.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables, and the index for what was done behind the gate's back."""
    run((SQL / "telling.sql").read_text())


def downgrade() -> None:
    """Drop them again, with what was told."""
    run("""
        DROP INDEX gatehouse.journal_bypasses;
        DROP VIEW gatehouse.message_now, gatehouse.trouble_now;
        DROP TABLE gatehouse.message_acts, gatehouse.messages, gatehouse.trouble_acts, gatehouse.troubles;
        DROP FUNCTION gatehouse.message_moves
    """)


def run(statements: str) -> None:
    """Several statements as they are written; the driver would read % as a parameter."""
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))
