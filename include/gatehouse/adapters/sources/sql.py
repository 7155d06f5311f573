"""The source `sql`: queries of any database that SQLAlchemy reaches, with `:start` and `:end` as bound parameters.

PostgreSQL is read as by the source `postgres`. SQLite is opened for reading only, and asked for nothing but reads. How far
other dialects protect what is read, `_BEGIN` and the role that the address names say. Intervals end by this machine's clock.
"""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.sources import sqlite
from gatehouse.adapters.sources.database_address import address, name_of
from gatehouse.adapters.sources.queries import CHUNK, Database, QuerySource, chunk, sentence, wrong
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, SourceError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    import pandas as pd
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

    from gatehouse.adapters.sources.queries import Read
    from gatehouse.core.config.contract import Contract, SqlSource
    from gatehouse.core.contract.batch_calendar import Interval

# How a session begins that reads one state, in UTC, and writes nothing.
_MYSQL = ("SET time_zone = '+00:00'", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
_BEGIN: Mapping[str, tuple[str, ...]] = {
    "mysql": _MYSQL, "mariadb": _MYSQL, "sqlite": ("BEGIN",),
    "oracle": ("ALTER SESSION SET TIME_ZONE = 'UTC'", "SET TRANSACTION READ ONLY"),
}  # fmt: skip
_READ_ONLY: Mapping[str, Mapping[str, Any]] = {"duckdb": {"read_only": True}}
_NO_CODE = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)


def open_queries(contract: Contract, spec: SqlSource) -> QuerySource:
    """The queries of the contract on the database that its address names."""
    for name, query in spec.queries.items():
        _check(name, query)
    return QuerySource(contract, spec.queries, lambda: open_database(spec))


def open_database(spec: SqlSource) -> Database:
    """The database that the address names."""
    url, name = address(spec), name_of(spec)
    if url.get_backend_name() != "postgresql":
        return SqlDatabase(url, name)
    from gatehouse.adapters.sources.postgres import PostgresDatabase

    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return PostgresDatabase(plain, name, written=_for_psycopg2)


class SqlDatabase(Database):
    """A database by SQLAlchemy; `name` stands for its address in messages."""

    def __init__(self, url: URL, name: str) -> None:
        self._name, self._backend = name, url.get_backend_name()
        self._engine = _engine(url, name)

    def now(self) -> datetime:
        """The clock of this machine: databases give theirs in zones of their own."""
        return datetime.now(UTC)

    @contextmanager
    def session(self, what: str) -> Iterator[Read]:
        """One transaction, rolled back."""
        from sqlalchemy import exc

        try:
            connection = self._engine.connect()
        except exc.DBAPIError as error:
            raise ServiceUnavailableError(
                f"the database in {self._name} does not answer: {sentence(error.orig)}"
            ) from None
        try:
            self._begin(connection)
            yield lambda query, interval: self._chunks(connection, query, interval)
        except exc.DBAPIError as error:
            if error.connection_invalidated:
                raise ServiceUnavailableError(
                    f"the database in {self._name} went away at {what}: {sentence(error.orig)}"
                ) from error
            raise SourceError(
                f"the queries for {what} failed in {self._backend}: {sentence(error.orig)}; the data engineer's to change"
            ) from error
        finally:
            connection.close()

    def _begin(self, connection: Connection) -> None:
        for statement in _BEGIN.get(self._backend, ()):
            connection.exec_driver_sql(statement)
        if self._backend == "sqlite":
            sqlite.allow_reads_only(connection.connection.driver_connection)

    def _chunks(self, connection: Connection, query: str, interval: Interval) -> Generator[pd.DataFrame, None, None]:
        from sqlalchemy import text

        bound = {"start": self._bound(interval.start), "end": self._bound(interval.end)}
        result = connection.execution_options(stream_results=True, max_row_buffer=CHUNK).execute(text(query), bound)
        columns = list(result.keys())
        with closing(result):
            yield chunk(rows := result.fetchmany(CHUNK), columns)
            while len(rows) == CHUNK and (rows := result.fetchmany(CHUNK)):
                yield chunk(rows, columns)

    def _bound(self, moment: datetime) -> datetime | str:
        """A moment in UTC without a zone, which every dialect compares with its own; SQLite has texts instead."""
        return sqlite.as_text(moment) if self._backend == "sqlite" else moment.astimezone(UTC).replace(tzinfo=None)


def _engine(url: URL, name: str) -> Engine:
    from sqlalchemy import create_engine, exc
    from sqlalchemy.pool import NullPool

    backend = url.get_backend_name()
    more: dict[str, Any] = {"creator": sqlite.opener(url)} if backend == "sqlite" else {}
    try:
        return create_engine(url, poolclass=NullPool, connect_args=dict(_READ_ONLY.get(backend, {})), **more)
    except (exc.NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            "the driver of this database is not installed",
            where=name,
            found=f"{url.drivername}: {sentence(error)}",
            allowed="a dialect of SQLAlchemy whose package is installed where tasks run",
            owner="platform",
        ) from None
    except (exc.ArgumentError, TypeError) as error:  # its text may quote the address
        raise ConfigurationError("not the address of a database", where=name, found=type(error).__name__) from None


def _for_psycopg2(query: str) -> str:
    from sqlalchemy import make_url, text

    return str(text(query).compile(dialect=make_url("postgresql+psycopg2://").get_dialect()()))


def _check(name: str, query: str) -> None:
    """One statement that reads and binds both ends of the interval."""
    from sqlalchemy import text

    code = _NO_CODE.sub(" ", query).strip()
    named = sorted(text(query).compile().params)
    if named != ["end", "start"]:
        allowed = r"`:start` and `:end`, both; `\:` for a colon in front of a word"
        raise wrong("bound parameters of the query", f"queries.{name}", named, allowed)
    if ";" in code or not re.match(r"(select|with)\b", code, re.IGNORECASE):
        allowed = "one statement that begins with SELECT or WITH, without `;`"
        raise wrong("not one statement that reads", f"queries.{name}", repr(query.strip()[:80]), allowed)
