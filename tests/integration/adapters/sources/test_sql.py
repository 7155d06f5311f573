from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.dialects import mssql, mysql, oracle

from gatehouse.adapters.sources import open_source, postgres, sql, sqlite
from gatehouse.adapters.sources.database_address import address
from gatehouse.adapters.sources.queries import chunk
from gatehouse.core.config.contract import SqlSource
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, SourceError
from support.contracts import contract

MARCH = batch_interval("month", "2013-03")
COLUMNS = {
    "id": "integer", "name": "string", "amount": "decimal", "share": "number", "open": "boolean", "day": "date",
    "at": "timestamp",
}  # fmt: skip
ROWS = "SELECT * FROM orders WHERE at >= :start AND at < :end ORDER BY id"
OUTCOMES = "SELECT id, open AS late FROM orders WHERE at >= :start AND at < :end AND open IS NOT NULL"
GIVEN = [
    (1, "a;b:c", "0.1", 0.1, 1, "2013-03-01", "2013-03-01"),
    (2, "", "12345678901234567890.123", None, None, None, "2013-03-01 00:00:00"),
    (9007199254740993, None, None, 1e300, 0, "2013-02-28", "2013-03-31T23:59:59.999999"),
    (2**63 - 1, "ü", "-5", -0.0, 1, "9999-12-31", "2013-03-05 14:30:00+02:00"),
    (5, "before", "1", 1.0, 1, "2013-02-28", "2013-02-28 23:59:59"),
    (6, "after", "1", 1.0, 1, "2013-04-01", "2013-04-01"),
    (7, "after", "1", 1.0, 1, "2013-04-01", "2013-04-01 00:00:00"),
]
POSTGRES_ROWS = """
    SELECT id, name, amount::numeric AS amount, share, open, day::date AS day, at::timestamptz AS at
    FROM (VALUES {values}) t (id, name, amount, share, open, day, at)
    WHERE at::timestamptz >= :start AND at::timestamptz < :end ORDER BY id"""


def spec(rows=ROWS, outcomes=OUTCOMES, columns=COLUMNS, **address):
    """A contract whose source is these queries."""
    return contract(
        source={
            "kind": "sql",
            **(address or {"connection": "ORDERS"}),
            "queries": {"rides": rows, "outcomes": outcomes},
        },
        tables={"rides": {"key": ["id"], "time_column": "at", "columns": columns}},
    )


@pytest.fixture
def lite(tmp_path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a SQLite file with odd values, in the variable that the contract names."""
    path = tmp_path / "odd name?.db"
    with sqlite3.connect(path) as made:
        made.execute(
            "CREATE TABLE orders (id INTEGER, name TEXT, amount TEXT, share REAL, open INTEGER, day TEXT, at TEXT)"
        )
        made.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", GIVEN)
    monkeypatch.setenv("ORDERS", f"sqlite:///{str(path).replace('?', '%3F')}")
    return str(path)


def literal(value: object, kind: str) -> str:
    return "NULL::" + kind if value is None else "'" + str(value).replace("'", "''") + "'::" + kind


def in_postgres() -> str:
    """The same rows as an answer of PostgreSQL's, whose moments and decimals have types."""
    kinds = ("bigint", "text", "numeric", "float8", "boolean", "date", "text")
    values = ", ".join("(" + ", ".join(map(literal, row, kinds)) + ")" for row in GIVEN)
    return POSTGRES_ROWS.format(values=values.replace("::text)", "::text)")).replace("a;b:c", "a b c")


def fetched(tmp_path, **queries) -> pd.DataFrame:
    return open_source(spec(**queries), tmp_path).fetch("2013-03", MARCH)["rides"]


def test_every_value_is_exact_in_each_database(lite, ledger_server, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """64-bit integers beside nulls, decimals, days and moments arrive as they are, in chunks of any size; rows at both ends
    of the interval are in it once."""
    whole = fetched(tmp_path)
    assert list(whole["id"]) == [1, 2, 9007199254740993, 2**63 - 1]
    assert list(whole["amount"]) == [Decimal("0.1"), Decimal("12345678901234567890.123"), None, Decimal(-5)]
    assert whole["share"].dropna().tolist() == [0.1, 1e300, -0.0]
    assert whole["open"].tolist() == [True, pd.NA, False, True]
    assert whole["at"].dt.strftime("%d %H:%M:%S.%f").tolist()[2:] == ["31 23:59:59.999999", "05 12:30:00.000000"]
    for module in (sql, postgres):
        monkeypatch.setattr(module, "CHUNK", 2)
    pd.testing.assert_frame_equal(fetched(tmp_path), whole)
    monkeypatch.setenv(
        "ORDERS", ledger_server.url("postgres", "postgres").replace("postgresql:", "postgresql+psycopg2:")
    )
    same = fetched(tmp_path, rows=in_postgres())
    source = open_source(spec(rows=in_postgres()), tmp_path)
    with source.parts("2013-03", MARCH) as tables:
        next(iter(tables["rides"][0]()))  # an answer that nobody reads to its end
        parts, whole_answer = [list(way()) for way in tables["rides"]]
    assert [len(part) for part in parts] == [2, 2]
    pd.testing.assert_frame_equal(whole_answer[0], same)
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), same)
    pd.testing.assert_frame_equal(same.drop(columns="name"), whole.drop(columns="name"))
    assert same["name"].tolist()[3] == "ü"


def test_outcomes_and_intervals_are_as_in_every_source(lite, tmp_path) -> None:
    """No rows are no outcomes; the contract's keys bound what is available."""
    source = open_source(spec(), tmp_path)
    assert source.outcomes("2013-03", MARCH)["late"].tolist() == [True, False, True]
    assert source.outcomes("2013-01", batch_interval("month", "2013-01")) is None
    assert source.available() == [f"2013-0{month}" for month in range(1, 7)]


def test_what_is_not_exact_lands_as_it_came(lite, tmp_path) -> None:
    """A decimal that SQLite made a binary fraction, and bytes, are not rounded: validation names their rows."""
    rows = (
        "SELECT id, x'00ff' AS name, 0.1 AS amount, share, open, day, at FROM orders WHERE at >= :start AND at < :end"
    )
    frame = fetched(tmp_path, rows=rows)
    assert frame["amount"].tolist() == [0.1] * 4
    assert frame["name"].tolist() == [b"\x00\xff"] * 4


WRITES = {
    "WITH gone AS (SELECT :start, :end) DELETE FROM orders": "not authorized",
    "WITH n AS (SELECT 1 WHERE :start < :end) INSERT INTO orders (id) SELECT * FROM n": "not authorized",
    "SELECT * FROM pragma_user_version WHERE :start < :end": "not authorized",
    "SELECT load_extension('x') WHERE :start < :end": "not authorized",
}


@pytest.mark.parametrize("query", WRITES)
def test_sqlite_is_only_read(lite, tmp_path, query: str) -> None:
    """SQLite itself refuses whatever is no read, and the file stays as it was."""
    with pytest.raises(SourceError, match=f"queries for 2013-03 failed in sqlite: {WRITES[query]}.*data engineer"):
        fetched(tmp_path, rows=query)
    with sqlite3.connect(lite) as made:
        assert made.execute("SELECT count(*) FROM orders").fetchone() == (len(GIVEN),)


def test_sqlite_stops_a_query_that_never_ends(lite, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one named error, which nobody tries again."""
    monkeypatch.setattr(sqlite, "SECONDS", 0.1)
    forever = "WITH RECURSIVE n(i) AS (SELECT :start UNION ALL SELECT :end FROM n) SELECT count(*) FROM n"
    with pytest.raises(SourceError, match="interrupted") as raised:
        fetched(tmp_path, rows=forever)
    assert raised.value.retry is False


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("SELECT 1", "bound parameters"),
        ("SELECT :start, :end, :password", "bound parameters"),
        ("SELECT :start, :end; DROP TABLE orders", "not one statement that reads"),
        ("SELECT ';' -- ;\n, :start, :end /* ; */ ;", "not one statement that reads"),
        ("UPDATE orders SET at = :start WHERE at < :end", "not one statement that reads"),
    ],
)
def test_queries_are_one_statement_that_reads(tmp_path, query: str, what: str) -> None:
    """A query without both parameters, with others, with a second statement or of another kind is refused at load."""
    with pytest.raises(ConfigurationError, match=rf"source\.queries\.rides: {what}"):
        open_source(spec(query), tmp_path)


@pytest.mark.parametrize("dialect", [mysql.dialect(), mssql.dialect(), oracle.dialect()], ids=lambda each: each.name)
def test_other_dialects_bind_both_ends(dialect) -> None:
    """Each dialect that SQLAlchemy has itself compiles the query with both parameters bound."""
    assert sorted(name.strip('"') for name in text(ROWS).compile(dialect=dialect).params) == ["end", "start"]


@pytest.mark.parametrize(
    ("variable", "found", "url"),
    [
        ("ORDERS", "mysql+pymysql://me:s%40@host:33/shop", "mysql+pymysql://me:s%40@host:33/shop"),
        ("AIRFLOW_CONN_SHOP", "postgres://me:s%40@host/shop?sslmode=require", "postgresql://me:s%40@host/shop?sslmode=require"),
        (
            "AIRFLOW_CONN_SHOP",
            json.dumps({"conn_type": "mssql", "login": "me", "password": "s@", "host": "h", "port": 1433, "schema": "shop",
                        "extra": {"sqlalchemy_scheme": "mssql+pyodbc", "driver": "ODBC 18", "__n": "x"}}),
            "mssql+pyodbc://me:s%40@h:1433/shop?driver=ODBC+18",
        ),
        ("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "sqlite", "host": "/data/shop.db"}), "sqlite:////data/shop.db"),
    ],
)  # fmt: skip
def test_the_address_comes_from_a_variable_or_from_airflow(
    monkeypatch: pytest.MonkeyPatch, variable, found, url
) -> None:
    """Airflow's connections are read in both of its own forms."""
    monkeypatch.setenv(variable, found)
    where = {"connection": "ORDERS"} if variable == "ORDERS" else {"conn_id": "shop"}
    assert address(SqlSource(kind="sql", queries={}, **where)).render_as_string(hide_password=False) == url


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ("hunter2", "not the address of a database"),
        ("{hunter2", "not the address of a database"),
        ("nosuch://me:hunter2@host/shop", "the driver of this database is not installed"),
        ("mysql+nosuch://me:hunter2@host/shop", "the driver of this database is not installed"),
        ("postgresql://me:hunter2@127.0.0.1:1/shop", "does not answer"),
        ("sqlite:////hunter2/nowhere.db", "does not answer"),
        ("sqlite://", "SQLite needs a file"),
    ],
)
def test_a_wrong_address_is_named_and_not_shown(tmp_path, monkeypatch: pytest.MonkeyPatch, found, sentence) -> None:
    """The variable is named, and no message has the password."""
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", found)
    with pytest.raises((ConfigurationError, ServiceUnavailableError), match=sentence) as caught:
        open_source(spec(conn_id="shop"), tmp_path).fetch("2013-03", MARCH)
    assert "hunter2" not in str(caught.value)


def test_an_address_is_one_of_two(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Both keys, none, or a variable that is not set are refused by name."""
    for wrong in ({"connection": "A", "conn_id": "b"}, {}):
        with pytest.raises(ValueError, match="one of both"):
            SqlSource(kind="sql", queries={}, **wrong)
    with pytest.raises(ConfigurationError, match="no AIRFLOW_CONN_NONE"):
        open_source(spec(conn_id="none"), tmp_path).fetch("2013-03", MARCH)


def test_a_column_of_one_type_has_the_same_values() -> None:
    """What is converted at once is what is read value by value: beyond 64 bits, in other zones, and mixed it stays as it came."""
    columns = {
        "big": [2**64 - 1, None], "whole": [2**63 - 1, None], "float": [-0.0, None], "mixed": [1, 0.5], "surrogate": ["\ud800", "a"],
        "utc": [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)],
        "zoned": [datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=2))), None], "naive": [datetime(2024, 1, 1), None],
    }  # fmt: skip
    frame = chunk(list(zip(*columns.values(), strict=True)), list(columns))
    kinds = {name: str(frame[name].dtype) for name in columns}
    assert kinds == {
        "big": "object", "whole": "Int64", "float": "float64", "mixed": "object", "surrogate": "object",
        "utc": "datetime64[us, UTC]", "zoned": "object", "naive": "object",
    }  # fmt: skip
    for name, values in columns.items():
        found = [None if pd.isna(value) else value for value in frame[name]]
        assert found == values
