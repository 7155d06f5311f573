"""The ledger as it began: journal, batches, requests, models and what the champion said.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create every table, in the order in which they refer to each other."""
    for name in ("journal", "batches", "requests", "models", "scores"):
        statements = (SQL / f"{name}.sql").read_text().replace("%", "%%")  # the driver reads % as a parameter
        op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    """Drop everything but Alembic's own table; only tests do that."""
    op.get_bind().exec_driver_sql("""
        DROP VIEW gatehouse.batch_now;
        DROP FUNCTION gatehouse.justified(gatehouse.promotions);
        DROP TABLE
            gatehouse.watches, gatehouse.predictions,
            gatehouse.champions, gatehouse.promotions, gatehouse.answers, gatehouse.decisions, gatehouse.models,
            gatehouse.candidates, gatehouse.training_set_batches, gatehouse.training_sets,
            gatehouse.request_acts, gatehouse.requests,
            gatehouse.outcomes, gatehouse.batch_parts, gatehouse.batch_acts, gatehouse.batch_tables, gatehouse.batches,
            gatehouse.attempts, gatehouse.files, gatehouse.journal;
        DROP ROUTINE
            gatehouse.refuse, gatehouse.append_only, gatehouse.lock_journal, gatehouse.chain, gatehouse.file,
            gatehouse.rising_token, gatehouse.batch_name, gatehouse.out_of_quarantine, gatehouse.request_moves,
            gatehouse.trains_on_accepted, gatehouse.refuse_unjustified, gatehouse.next_epoch
    """)
