"""A retrain request that no run has claimed in time expires.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"

SQL = Path(__file__).parents[1] / "sql"
MOVES = "('claimed', 'decided'), ('claimed', 'failed'), ('claimed', 'cancelled')"
STATES, ENDS = "'open', 'claimed', 'decided', 'failed', 'cancelled'", "'decided', 'failed', 'cancelled'"


def upgrade() -> None:
    """Let an open request become expired, once and with its sentence."""
    _allow(f"{STATES}, 'expired'", f"{ENDS}, 'expired'", f"{MOVES}, ('open', 'expired')")


def downgrade() -> None:
    """Take it away again. Refused by the constraints while a request has expired."""
    _allow(STATES, ENDS, MOVES)


def _allow(states: str, ends: str, moves: str) -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(f"""
        ALTER TABLE gatehouse.requests DROP CONSTRAINT requests_state_check;
        ALTER TABLE gatehouse.requests ADD CONSTRAINT requests_state_check CHECK (state IN ({states}));
        ALTER TABLE gatehouse.request_acts DROP CONSTRAINT request_acts_act_check;
        ALTER TABLE gatehouse.request_acts ADD CONSTRAINT request_acts_act_check CHECK (act IN ('joined', 'claimed', {ends}));
        DROP INDEX gatehouse.request_ends_once;
        CREATE UNIQUE INDEX request_ends_once ON gatehouse.request_acts (request) WHERE act IN ({ends});
    """)
    first = (SQL / "requests.sql").read_text()
    begin, end = first.index("CREATE FUNCTION gatehouse.request_moves"), first.index("CREATE TRIGGER request_moves")
    function = first[begin:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    connection.exec_driver_sql(function.replace(MOVES, moves).replace("%", "%%"))  # % is no parameter of the driver's
