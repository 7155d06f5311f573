"""The schema and its rights: made once, however often and by however many at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from click.testing import CliRunner

from gatehouse.adapters.ledger import migrate, open_ledger
from gatehouse.cli.database import migrate as migrate_command
from gatehouse.dev_stack.postgres import PostgresServer
from gatehouse.errors import ConfigurationError


@pytest.fixture
def empty(ledger_server: PostgresServer) -> Iterator[str]:
    """The name of an empty database that the owner's role owns."""
    with contextlib.closing(psycopg2.connect(ledger_server.url("postgres", "postgres"))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE ledger_empty OWNER ledger_owner")
        yield "ledger_empty"
        cursor.execute("DROP DATABASE ledger_empty WITH (FORCE)")


def schema(server: PostgresServer, database: str) -> list[tuple[str, ...]]:
    """Every column, trigger and right, as text."""
    with contextlib.closing(psycopg2.connect(server.url(database, "postgres"))) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'gatehouse' UNION ALL "
            "SELECT event_object_table, trigger_name, event_manipulation FROM information_schema.triggers "
            "UNION ALL SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants "
            "WHERE table_schema = 'gatehouse' UNION ALL SELECT table_name, column_name, privilege_type "
            "FROM information_schema.column_privileges WHERE grantee = 'ledger' ORDER BY 1, 2, 3"
        )
        return cursor.fetchall()


def test_upgrading_again_changes_nothing(ledger_server: PostgresServer, empty: str) -> None:
    """The second run finds the schema as the first one left it, with what the ledger holds."""
    owner = ledger_server.url(empty, "ledger_owner")
    migrate.upgrade(owner, "ledger")
    before = schema(ledger_server, empty)
    open_ledger(ledger_server.url(empty, "ledger")).audit_log.note("note.made", "flights", "Ada", {})
    migrate.upgrade(owner, "ledger")
    assert schema(ledger_server, empty) == before
    assert len(open_ledger(ledger_server.url(empty, "ledger")).audit_log.entries()) == 1


def test_upgrading_at_once_is_safe(ledger_server: PostgresServer, empty: str) -> None:
    """Four upgrades of an empty database at the same time: one makes the schema, the others find it."""
    owner = ledger_server.url(empty, "ledger_owner")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: migrate.upgrade(owner, "ledger"), range(4)))
    assert open_ledger(ledger_server.url(empty, "ledger")).models.list("flights") == []


def test_a_downgrade_leaves_nothing_and_can_be_undone(ledger_server: PostgresServer, empty: str) -> None:
    """Back to the base only Alembic's own table is left; the next upgrade makes the same schema again."""
    owner = ledger_server.url(empty, "ledger_owner")
    migrate.upgrade(owner, "ledger")
    before = schema(ledger_server, empty)
    migrate.downgrade(owner)
    assert {row[0] for row in schema(ledger_server, empty)} == {"revision"}
    migrate.upgrade(owner, "ledger")
    assert schema(ledger_server, empty) == before


def test_the_command_wants_two_roles_and_leaves_nothing_when_it_refuses(
    ledger_server: PostgresServer, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An owner that is also the application could change any record, and a role that does not exist gets no rights: both
    are named, and no table is made. Passwords are in no message."""
    owner, app = (ledger_server.url(empty, role) for role in ("ledger_owner", "ledger"))
    monkeypatch.setenv("GATEHOUSE_LEDGER_OWNER_URL", owner)
    for url, says in ((owner, "are the same role"), (app.replace("//ledger:", "//nobody:"), "does not exist")):
        monkeypatch.setenv("GATEHOUSE_LEDGER_URL", url)
        refused = CliRunner().invoke(migrate_command)
        assert isinstance(refused.exception, ConfigurationError)
        assert says in str(refused.exception)
        assert ledger_server.passwords["ledger_owner"] not in str(refused.exception)
    assert schema(ledger_server, empty) == []
    monkeypatch.setenv("GATEHOUSE_LEDGER_URL", app)
    done = CliRunner().invoke(migrate_command)
    assert "has this version's tables; the role ledger may use them" in done.output
