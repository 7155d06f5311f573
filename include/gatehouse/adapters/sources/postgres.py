"""The source `postgres`: one query a table, with the interval as bound parameters.

A query uses `%(start)s` and `%(end)s` and writes a percent sign of its own as `%%`. The query `outcomes` gives the
outcomes. All queries of a batch see one snapshot (REPEATABLE READ, read only), with the time zone UTC. A batch is
available once its interval has ended by the database's clock.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

from gatehouse.adapters.sources import normalise
from gatehouse.adapters.sources.postgres_moments import as_delivered
from gatehouse.core.contract.batch_calendar import Interval, batch_interval, batch_key, keys_between
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, SourceError
from gatehouse.ports import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    import pandas as pd

    from gatehouse.core.config.contract import Contract, PostgresSource

OUTCOMES = "outcomes"
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|%|(.?))", re.DOTALL)
_SETTINGS = "-c timezone=UTC -c statement_timeout=600000 -c cursor_tuple_fraction=1"
# PostgreSQL opens a cursor for one statement that reads, and for nothing else. The query reaches it as a value, so what it
# says after a semicolon is no statement of the connection's.
_OPENED = """
    DO $$ DECLARE opened refcursor := 'gatehouse_rows';
    BEGIN OPEN opened FOR EXECUTE current_setting('gatehouse.query'); END $$"""


class PostgresQuerySource(Source):
    """`connect` opens a connection from a URL; the URL comes from the environment and appears in no message."""

    def __init__(
        self, contract: Contract, spec: PostgresSource, connect: Callable[..., Any] = psycopg2.connect
    ) -> None:
        self._contract, self._spec, self._connect = contract, spec, connect
        wanted = {*contract.tables, OUTCOMES}
        if set(spec.queries) != wanted:
            raise _wrong(
                "one query for each table and one for the outcomes",
                "queries",
                sorted(spec.queries),
                ", ".join(sorted(wanted)),
            )
        for name, query in spec.queries.items():
            _check(name, query)

    def available(self) -> list[str]:
        """The keys of the contract whose interval has ended by the database's clock."""
        with self._cursor("available") as cursor:
            cursor.execute("SELECT now()")
            now: datetime = cursor.fetchone()[0]
        contract = self._contract
        last = min(filter(None, (contract.last_batch, batch_key(contract.frequency, now))))
        keys = keys_between(contract.frequency, contract.first_batch, last) if last >= contract.first_batch else []
        return [key for key in keys if batch_interval(contract.frequency, key).end <= now]

    def fetch(self, key: str, interval: Interval) -> Mapping[str, pd.DataFrame]:
        """The answers of the tables' queries, all from one snapshot."""
        with self._cursor(key) as cursor:
            frames = {name: self._table(cursor, name, interval) for name in self._contract.tables}
        return normalise.tables(self._contract, frames, {name: f"query {name!r} for {key}" for name in frames})

    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        """The answer of the query `outcomes`, or None while it is empty."""
        with self._cursor(key) as cursor:
            frame = self._table(cursor, OUTCOMES, interval)
        return None if frame.empty else normalise.outcomes(self._contract, frame, f"query {OUTCOMES!r} for {key}")

    def _table(self, cursor: Any, name: str, interval: Interval) -> pd.DataFrame:
        import pandas as pd

        query = cursor.mogrify(self._spec.queries[name], {"start": interval.start, "end": interval.end}).decode()
        cursor.execute("SELECT set_config('gatehouse.query', %s, true)", [query])
        cursor.execute(_OPENED)
        cursor.execute("FETCH ALL FROM gatehouse_rows")
        rows, columns = cursor.fetchall(), [column[0] for column in cursor.description]
        cursor.execute("CLOSE gatehouse_rows")
        return pd.DataFrame(rows, columns=columns, dtype="object")

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
                f"the queries for {what} took too long for PostgreSQL: {_sentence(error)}; the data engineer's to change"
            ) from error
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            raise ServiceUnavailableError(
                f"the database in {self._spec.connection} went away at {what}: {_sentence(error)}"
            ) from error
        except psycopg2.Error as error:
            raise SourceError(
                f"the queries for {what} failed in PostgreSQL: {_sentence(error)}; the data engineer's to change"
            ) from error
        finally:
            connection.close()

    def _open(self) -> Any:
        url = os.environ.get(self._spec.connection)
        if not url:
            raise ConfigurationError(
                "the variable with the database's URL is not set",
                where="environment",
                found=f"no {self._spec.connection}",
                allowed="postgresql://user@host/database",
                owner="data engineer",
            )
        try:
            return self._connect(url, connect_timeout=10, options=_SETTINGS, application_name="gatehouse source")
        except psycopg2.OperationalError as error:
            raise ServiceUnavailableError(
                f"the database in {self._spec.connection} does not answer: {_sentence(error)}"
            ) from None
        except psycopg2.Error:  # its text quotes the URL, password included
            raise ConfigurationError(
                "not the URL of a PostgreSQL database", where=f"environment: {self._spec.connection}"
            ) from None


def _check(name: str, query: str) -> None:
    placeholders = list(_PLACEHOLDER.finditer(query))
    named = {match[1] for match in placeholders if match[1]}
    stray = [match[0] for match in placeholders if match[2] is not None]
    if named != {"start", "end"} or stray:
        found = sorted(named) + stray
        raise _wrong(
            "bound parameters of the query",
            f"queries.{name}",
            found,
            "%(start)s and %(end)s, both; `%%` for a percent sign",
        )


def _wrong(what: str, key: str, found: Any, allowed: str) -> ConfigurationError:
    return ConfigurationError(
        what, where=f"contract.yaml: source.{key}", found=str(found), allowed=allowed, owner="data engineer"
    )


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())
