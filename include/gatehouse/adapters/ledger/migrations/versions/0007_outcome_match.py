"""How outcomes match the rows of their batch, which of them are quarantined, and which code made a training set's labels.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Rows of before this revision have none of it."""
    op.get_bind().exec_driver_sql(
        "ALTER TABLE gatehouse.outcomes ADD COLUMN quarantined text REFERENCES gatehouse.files, ADD COLUMN match text; "
        "ALTER TABLE gatehouse.training_sets ADD COLUMN model_code text"
    )


def downgrade() -> None:
    """Drop it again."""
    op.get_bind().exec_driver_sql(
        "ALTER TABLE gatehouse.outcomes DROP COLUMN quarantined, DROP COLUMN match; "
        "ALTER TABLE gatehouse.training_sets DROP COLUMN model_code"
    )
