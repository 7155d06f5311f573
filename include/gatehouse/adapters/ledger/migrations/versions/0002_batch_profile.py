"""The profile of a batch's columns is kept with the act that accepted or released it.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Acts of before this revision have none."""
    op.get_bind().exec_driver_sql(
        "ALTER TABLE gatehouse.batch_acts ADD COLUMN profile text REFERENCES gatehouse.files, "
        "ADD CONSTRAINT profile_of_accepted_rows CHECK (profile IS NULL OR act IN ('accepted', 'released'))"
    )


def downgrade() -> None:
    """Drop it again."""
    op.get_bind().exec_driver_sql(
        "ALTER TABLE gatehouse.batch_acts DROP CONSTRAINT profile_of_accepted_rows, DROP COLUMN profile"
    )
