"""The database away, back, wrong or empty: named errors without a password in them."""

from __future__ import annotations

import psycopg2
import pytest

from conftest import LedgerDatabase
from gatehouse.adapters.ledger import open_ledger
from gatehouse.adapters.ledger.connection import Database
from gatehouse.dev_stack.postgres import PostgresServer
from gatehouse.errors import ConfigurationError, NotAllowedError, ServiceUnavailableError
from gatehouse.ports import Ledger
from support.story import Story

PASSWORD = "swordfish"  # not a secret: it must not appear in what is raised


def end_connections(database: LedgerDatabase) -> None:
    """What a restart of the server does to those who are connected."""
    with psycopg2.connect(database.superuser_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gatehouse'")
    connection.close()


def test_a_server_that_is_away_is_unreachable_and_may_be_tried_again() -> None:
    """The error names host, port and database, tells Airflow to retry, and holds no password."""
    database = Database(f"postgresql://ledger:{PASSWORD}@127.0.0.1:1/ledger", pauses=(0.01, 0.01))
    with (
        pytest.raises(ServiceUnavailableError, match=r"database ledger at 127.0.0.1:1") as raised,
        database.transaction(),
    ):
        pass
    assert raised.value.retry
    assert PASSWORD not in str(raised.value)


def test_a_wrong_password_is_not_repeated_in_the_error(ledger_database: LedgerDatabase) -> None:
    """PostgreSQL's refusal is passed on, the password is not."""
    parts = psycopg2.extensions.parse_dsn(ledger_database.url)
    url = f"postgresql://ledger:{PASSWORD}@127.0.0.1:{parts['port']}/{parts['dbname']}"
    with (
        pytest.raises(ServiceUnavailableError, match="authentication failed") as raised,
        Database(url, pauses=()).transaction(),
    ):
        pass
    assert PASSWORD not in str(raised.value)


def test_what_is_no_address_is_refused_without_being_repeated() -> None:
    """A mistyped address may hold the password, so the error tells the form and not the text."""
    with pytest.raises(ConfigurationError, match="GATEHOUSE_LEDGER_URL") as raised:
        open_ledger(f"postgres:/ledger:{PASSWORD}@127.0.0.1/ledger")
    assert PASSWORD not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_database_without_a_ledger_says_so(ledger_server: PostgresServer) -> None:
    """Before the first migration the error says what is missing and what makes it."""
    with pytest.raises(ConfigurationError, match="holds no ledger"):
        open_ledger(ledger_server.url("postgres", "postgres")).models.list("flights")


def test_after_a_restart_the_next_question_connects_anew(ledger_database: LedgerDatabase, ledger: Ledger) -> None:
    """A connection that died while idle is replaced without anybody noticing."""
    Story(ledger).land()
    end_connections(ledger_database)
    assert len(ledger.batches.list("flights")) == 1


def test_a_connection_lost_in_the_middle_commits_nothing(ledger_database: LedgerDatabase) -> None:
    """What was written before the loss is gone, the error may be retried, and the same Database works again."""
    database = Database(ledger_database.url)

    def write_and_lose_the_connection() -> None:
        with database.transaction() as rows:
            rows.run("INSERT INTO task_attempts VALUES ('flights/x', 1)")
            end_connections(ledger_database)

    with pytest.raises(ServiceUnavailableError):
        write_and_lose_the_connection()
    with database.transaction() as rows:
        assert rows.all("SELECT * FROM task_attempts") == []


def test_what_the_schema_refuses_is_not_allowed(ledger_database: LedgerDatabase) -> None:
    """Constraints speak as NotAllowedError; a mistake in our own SQL does not hide behind it."""
    database = Database(ledger_database.url)
    with pytest.raises(NotAllowedError, match="the ledger refuses"), database.transaction() as rows:
        rows.run("INSERT INTO task_attempts VALUES ('', 1)")
    with pytest.raises(psycopg2.errors.UndefinedColumn), database.transaction() as rows:
        rows.run("SELECT nothing FROM task_attempts")
