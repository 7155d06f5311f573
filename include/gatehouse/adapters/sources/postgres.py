"""The source `postgres`: one query a table, with `%(start)s` and `%(end)s` as bound parameters.

A query writes a percent sign of its own as `%%`. All queries of a batch see one snapshot (REPEATABLE READ, read only), with
the time zone UTC. A batch is available once its interval has ended by the database's clock.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

from gatehouse.adapters.sources.postgres_moments import as_delivered
from gatehouse.adapters.sources.queries import CHUNK, Database, QuerySource, chunk, sentence, wrong
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from datetime import datetime

    import pandas as pd

    from gatehouse.adapters.sources.queries import Read
    from gatehouse.core.config.contract import Contract, PostgresSource
    from gatehouse.core.contract.batch_calendar import Interval

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|%|(.?))", re.DOTALL)
_SETTINGS = "-c timezone=UTC -c statement_timeout=600000 -c cursor_tuple_fraction=1"
# PostgreSQL opens a cursor for one statement that reads, and for nothing else. The query reaches it as a value, so what it
# says after a semicolon is no statement of the connection's.
_OPENED = """
    DO $$ DECLARE opened refcursor := 'gatehouse_rows';
    BEGIN OPEN opened FOR EXECUTE current_setting('gatehouse.query'); END $$"""


class PostgresQuerySource(QuerySource):
    """`connect` opens a connection from a URL; the URL comes from the environment and appears in no message."""

    def __init__(
        self, contract: Contract, spec: PostgresSource, connect: Callable[..., Any] = psycopg2.connect
    ) -> None:
        name = spec.connection
        super().__init__(contract, spec.queries, lambda: PostgresDatabase(_url(name), name, connect))
        for table, query in spec.queries.items():
            _check(table, query)


class PostgresDatabase(Database):
    """PostgreSQL by psycopg2. In messages `name` stands for the address. `written` gives a query as psycopg2 binds it."""

    def __init__(
        self,
        url: str,
        name: str,
        connect: Callable[..., Any] = psycopg2.connect,
        written: Callable[[str], str] = str,
    ) -> None:
        self._url, self._name, self._connect, self._written = url, name, connect, written

    def now(self) -> datetime:
        """The clock of the server."""
        with self._cursor("available") as cursor:
            cursor.execute("SELECT now()")
            now: datetime = cursor.fetchone()[0]
        return now

    @contextmanager
    def session(self, what: str) -> Iterator[Read]:
        """One snapshot."""
        with self._cursor(what) as cursor:

            def read(query: str, interval: Interval) -> Generator[pd.DataFrame, None, None]:
                bound = cursor.mogrify(self._written(query), {"start": interval.start, "end": interval.end}).decode()
                return _chunks(cursor, bound)

            yield read

    @contextmanager
    def _cursor(self, what: str) -> Iterator[Any]:
        connection = self._open()
        try:
            connection.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
            connection.set_client_encoding("UTF8")
            as_delivered(connection)
            with connection, connection.cursor() as cursor:
                yield cursor
        except psycopg2.errors.QueryCanceled as error:
            raise SourceError(
                f"the queries for {what} took too long for PostgreSQL: {sentence(error)}; the data engineer's to change"
            ) from error
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            raise ServiceUnavailableError(
                f"the database in {self._name} went away at {what}: {sentence(error)}"
            ) from error
        except psycopg2.Error as error:
            raise SourceError(
                f"the queries for {what} failed in PostgreSQL: {sentence(error)}; the data engineer's to change"
            ) from error
        finally:
            connection.close()

    def _open(self) -> Any:
        try:
            return self._connect(self._url, connect_timeout=10, options=_SETTINGS, application_name="gatehouse source")
        except psycopg2.OperationalError as error:
            raise ServiceUnavailableError(f"the database in {self._name} does not answer: {sentence(error)}") from None
        except psycopg2.Error:  # its text quotes the URL, password included
            raise ConfigurationError(
                "not the URL of a PostgreSQL database", where=f"environment: {self._name}"
            ) from None


def _chunks(cursor: Any, query: str) -> Generator[pd.DataFrame, None, None]:
    cursor.execute("CLOSE ALL")  # an answer that was not read to its end
    cursor.execute("SELECT set_config('gatehouse.query', %s, true)", [query])
    cursor.execute(_OPENED)
    first = True
    while True:
        cursor.execute("FETCH %s FROM gatehouse_rows", [CHUNK])
        rows = cursor.fetchall()
        if rows or first:
            yield chunk(rows, [column[0] for column in cursor.description])
        if len(rows) < CHUNK:
            break
        first = False


def _url(variable: str) -> str:
    url = os.environ.get(variable)
    if not url:
        raise ConfigurationError(
            "the variable with the database's URL is not set",
            where="environment",
            found=f"no {variable}",
            allowed="postgresql://user@host/database",
            owner="data engineer",
        )
    return url


def _check(name: str, query: str) -> None:
    placeholders = list(_PLACEHOLDER.finditer(query))
    named = {match[1] for match in placeholders if match[1]}
    stray = [match[0] for match in placeholders if match[2] is not None]
    if named != {"start", "end"} or stray:
        found = sorted(named) + stray
        allowed = "%(start)s and %(end)s, both; `%%` for a percent sign"
        raise wrong("bound parameters of the query", f"queries.{name}", found, allowed)
