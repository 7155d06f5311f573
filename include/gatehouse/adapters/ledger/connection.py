"""Connections to the ledger's database: short transactions, bounded reconnects, named errors without a password."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import extensions
from psycopg2.extras import RealDictCursor

from gatehouse.errors import ConfigurationError, NotAllowedError, ServiceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OPTIONS = (
    "-c search_path=gatehouse -c timezone=UTC -c lock_timeout=30s -c statement_timeout=60s "
    "-c idle_in_transaction_session_timeout=10min"
)
_REFUSALS = (  # what constraints, triggers and rights answer; every other error of the driver is a bug of ours
    psycopg2.IntegrityError,
    psycopg2.DataError,
    psycopg2.errors.RaiseException,
    psycopg2.errors.InsufficientPrivilege,
)
PAUSES = (0.2, 1.0, 3.0)  # seconds between attempts to connect; Airflow's own retries come after these


class Cursor:
    """One transaction's questions; each row is a dict by column."""

    def __init__(self, cursor: RealDictCursor) -> None:
        self._cursor = cursor

    def run(self, sql: str, *values: object) -> None:
        self._cursor.execute(sql, values)

    def all(self, sql: str, *values: object) -> list[dict[str, Any]]:
        self._cursor.execute(sql, values)
        return [dict(row) for row in self._cursor.fetchall()]

    def named(self, sql: str, **values: object) -> list[dict[str, Any]]:
        self._cursor.execute(sql, values)
        return [dict(row) for row in self._cursor.fetchall()]

    def one(self, sql: str, *values: object) -> dict[str, Any] | None:
        return next(iter(self.all(sql, *values)), None)


class Database:
    """A PostgreSQL database by its address. Threads may share it; a forked process opens its own connections."""

    def __init__(self, url: str, pauses: Sequence[float] = PAUSES) -> None:
        self._url, self._pauses = url, pauses
        self._idle: list[tuple[int, extensions.connection]] = []
        self.name = name_of(url)

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """One transaction: committed at the end of the block, rolled back when anything raises."""
        connection = self._checkout()
        try:
            with named_errors(self.name), connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
                yield Cursor(cursor)
        finally:
            self._put_back(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Cursor]:
        """One read-only transaction in which every question sees the same moment."""
        with self.transaction() as rows:
            rows.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield rows

    @contextmanager
    def alone(self, work: str) -> Iterator[bool]:
        """Whether nobody else is in such a block for this work. PostgreSQL lets go of it with the connection, so a process
        that was killed holds nothing."""
        connection = self._connect()
        try:
            connection.autocommit = True
            with named_errors(self.name), connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (work,))
                mine = cursor.fetchone()
            yield mine == (True,)
        finally:
            connection.close()

    def close(self) -> None:
        """Close the idle connections of this process."""
        while self._idle:
            self._idle.pop()[1].close()

    def _checkout(self) -> extensions.connection:
        with suppress(IndexError):
            while True:
                process, connection = self._idle.pop()
                if process == os.getpid() and _alive(connection):
                    return connection
        return self._connect()

    def _put_back(self, connection: extensions.connection) -> None:
        if not connection.closed:
            self._idle.append((os.getpid(), connection))

    def _connect(self) -> extensions.connection:
        for pause in self._pauses:
            with suppress(psycopg2.OperationalError):
                return self._connect_once()
            time.sleep(pause)
        with named_errors(self.name):
            return self._connect_once()

    def _connect_once(self) -> extensions.connection:
        return psycopg2.connect(self._url, connect_timeout=5, options=_OPTIONS, application_name="gatehouse")


@contextmanager
def named_errors(name: str) -> Iterator[None]:
    """Turn the driver's errors into Gatehouse's; a message of PostgreSQL's is kept to its first line."""
    try:
        yield
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise ServiceUnavailableError(f"{name} does not answer: {_first_line(error)}") from error
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.InvalidSchemaName) as error:
        raise ConfigurationError(
            f"{name} holds no ledger",
            found=_first_line(error),
            allowed="a migrated schema `gatehouse`; `gatehouse db migrate` makes it, on the local stack `make run`",
        ) from error
    except _REFUSALS as error:
        raise NotAllowedError(f"the ledger refuses: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _alive(connection: extensions.connection) -> bool:
    """Whether an idle connection still reaches the server: it may have restarted since."""
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error:
        connection.close()
        return False
    return True


def name_of(url: str) -> str:
    """How errors call the database: host, port and name, never the password."""
    try:
        parts = extensions.parse_dsn(url)
    except psycopg2.ProgrammingError:
        raise ConfigurationError(
            "not the address of a PostgreSQL database",
            where="GATEHOUSE_LEDGER_URL",
            allowed="postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE",
        ) from None
    host = parts.get("host", "the local socket")
    return f"the ledger (database {parts.get('dbname', '?')} at {host}:{parts.get('port', '5432')})"
