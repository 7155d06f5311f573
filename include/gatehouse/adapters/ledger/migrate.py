"""Bring the ledger's schema to the newest revision and give each role exactly what it needs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Iterator

MIGRATIONS = Path(__file__).parent / "migrations"
LESSER_ROLES = {"ledger_trainer": "trainer.sql", "ledger_reader": "reader.sql"}


def upgrade(owner_url: str, application_role: str) -> None:
    """Migrate to the newest revision in one transaction; a second run, also at the same time, changes nothing."""
    with _alone(owner_url) as (connection, config):
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS gatehouse")
        command.upgrade(config, "head")
        for role, file in {application_role: "grants.sql", **LESSER_ROLES}.items():
            quoted = connection.dialect.identifier_preparer.quote_identifier(role)
            grants = (MIGRATIONS / "sql" / file).read_text()
            connection.exec_driver_sql(grants.replace("{role}", quoted))


def downgrade(owner_url: str, revision: str = "base") -> None:
    """Back to an older revision, with all that the ledger holds; for tests."""
    with _alone(owner_url) as (_, config):
        command.downgrade(config, revision)


@contextmanager
def _alone(owner_url: str) -> Iterator[tuple[Connection, Config]]:
    """A transaction that holds the migration lock, and Alembic's configuration to run in it."""
    engine = create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(owner_url), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('gatehouse.migrate'))")
        config.attributes["connection"] = connection
        yield connection, config
