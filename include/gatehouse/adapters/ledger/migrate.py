"""Bring the ledger's schema to the newest revision and give each role exactly what it needs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from gatehouse.adapters.ledger.connection import name_of, named_errors
from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

MIGRATIONS = Path(__file__).parent / "migrations"
LESSER_ROLES = {"ledger_trainer": "trainer.sql", "ledger_reader": "reader.sql"}


def upgrade(owner_url: str, application_role: str) -> None:
    """Migrate to the newest revision in one transaction; a second run, also at the same time, changes nothing. The lesser
    roles get their rights where they exist."""
    with _alone(owner_url) as (connection, config):
        _require_two_roles(connection, application_role)
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS gatehouse")
        command.upgrade(config, "head")
        for role, file in {application_role: "grants.sql", **LESSER_ROLES}.items():
            if not _exists(connection, role):
                continue
            quoted = connection.dialect.identifier_preparer.quote_identifier(role)
            grants = (MIGRATIONS / "sql" / file).read_text()
            connection.exec_driver_sql(grants.replace("{role}", quoted))


def _require_two_roles(connection: Connection, application_role: str) -> None:
    """ConfigurationError unless the application has a role of its own: an owner's rights cannot be taken away."""
    owner = str(connection.exec_driver_sql("SELECT current_user").scalar_one())
    if owner == application_role:
        raise ConfigurationError(
            "the owner of the ledger's tables and the application are the same role, which could then change any record",
            where="GATEHOUSE_LEDGER_OWNER_URL and GATEHOUSE_LEDGER_URL",
            found=owner,
            allowed="two roles; `CREATE ROLE gatehouse LOGIN PASSWORD '...'` makes one for the application",
        )
    if not _exists(connection, application_role):
        raise ConfigurationError(
            "the role of the application does not exist in the database",
            where="GATEHOUSE_LEDGER_URL",
            found=application_role,
            allowed=f"a role; `CREATE ROLE {application_role} LOGIN PASSWORD '...'` makes it",
        )


def _exists(connection: Connection, role: str) -> bool:
    return connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).first() is not None


def downgrade(owner_url: str, revision: str = "base") -> None:
    """Back to an older revision, with all that the ledger holds; for tests."""
    with _alone(owner_url) as (_, config):
        command.downgrade(config, revision)


def _connect(owner_url: str) -> Any:
    with named_errors(name_of(owner_url)):
        return psycopg2.connect(owner_url)


@contextmanager
def _alone(owner_url: str) -> Iterator[tuple[Connection, Config]]:
    """A transaction that holds the migration lock, and Alembic's configuration to run in it."""
    engine = create_engine("postgresql+psycopg2://", creator=lambda: _connect(owner_url), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('gatehouse.migrate'))")
        config.attributes["connection"] = connection
        yield connection, config
