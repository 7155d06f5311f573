"""What may follow a decision: overrides that expire, second persons, shadow scores and probation.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables, and let a promotion name what it rests on."""
    run((SQL / "acts.sql").read_text())


def downgrade() -> None:
    """Drop them again. Refused by the constraints while a promotion rests on one of them."""
    run("""
        ALTER TABLE gatehouse.promotions DROP CONSTRAINT an_override_behind_it;
        ALTER TABLE gatehouse.promotions DROP CONSTRAINT a_decision_behind_it;
        ALTER TABLE gatehouse.promotions ADD CONSTRAINT a_decision_behind_it
            CHECK (kind IN ('override', 'rollback') OR decision IS NOT NULL);
        ALTER TABLE gatehouse.promotions DROP CONSTRAINT promotions_kind_check;
        ALTER TABLE gatehouse.promotions ADD CONSTRAINT promotions_kind_check
            CHECK (kind IN ('decision', 'approval', 'override', 'rollback'));
    """)
    first = (SQL / "models.sql").read_text()
    begin = first.index("CREATE FUNCTION gatehouse.justified")
    end = first.index("CREATE TRIGGER justified")
    run(first[begin:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    run("""
        ALTER TABLE gatehouse.promotions DROP COLUMN override;
        DROP TABLE gatehouse.probations, gatehouse.shadows, gatehouse.confirmations, gatehouse.overrides;
        DROP ROUTINE gatehouse.second_person, gatehouse.last_proper
    """)


def run(statements: str) -> None:
    """Several statements as they are written; the driver would read % as a parameter."""
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))
