"""The ledger: audit log, batches, requests, models, champions, predictions, notifications and manual requests.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

SQL = Path(__file__).parents[1] / "sql"
# In the order in which they refer to each other.
PARTS = (
    "audit_log",
    "batches",
    "requests",
    "models",
    "champions",
    "scores",
    "promotion_rules",
    "notifications",
    "manual",
    "permissions",
)


def upgrade() -> None:
    """Create every table, view and function."""
    for name in PARTS:
        statements = (SQL / f"{name}.sql").read_text().replace("%", "%%")  # the driver reads % as a parameter
        op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    """Drop everything but Alembic's own table. Only tests do that."""
    op.get_bind().exec_driver_sql("""
        DO $$ DECLARE name text; BEGIN
            FOR name IN SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'gatehouse'::regnamespace
                AND relkind = 'v' LOOP EXECUTE 'DROP VIEW ' || name || ' CASCADE'; END LOOP;
            FOR name IN SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'gatehouse'::regnamespace
                AND relkind = 'r' AND relname <> 'revision' LOOP EXECUTE 'DROP TABLE ' || name || ' CASCADE'; END LOOP;
            FOR name IN SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'gatehouse'::regnamespace
                LOOP EXECUTE 'DROP ROUTINE ' || name || ' CASCADE'; END LOOP;
        END $$
    """)
