"""The database itself says when an attempt began: the application's role cannot set it.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

_FUNCTION = """
CREATE OR REPLACE FUNCTION gatehouse.rising_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.work <> OLD.work OR NEW.token <> OLD.token + 1 THEN
        RAISE EXCEPTION 'attempt % at % cannot become %: a token rises by one', OLD.token, OLD.work, NEW.token;
    END IF;
    {began}RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Each newer attempt begins now."""
    _replace("NEW.entered := now();\n    ")


def downgrade() -> None:
    """The role says when it began, as before."""
    _replace("")


def _replace(began: str) -> None:
    op.get_bind().exec_driver_sql(_FUNCTION.replace("{began}", began).replace("%", "%%"))
