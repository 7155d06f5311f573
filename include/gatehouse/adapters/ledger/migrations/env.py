"""Alembic's environment: runs the revisions on the connection that `gatehouse.adapters.ledger.migrate` hands over."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], version_table="revision", version_table_schema="gatehouse"
)
context.run_migrations()
