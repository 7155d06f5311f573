from __future__ import annotations

import contextlib

import psycopg2
import pytest

from gatehouse.adapters.sources import open_source, postgres
from gatehouse.adapters.sources.postgres import PostgresQuerySource
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, SourceError
from support.contracts import contract, rides

MARCH = batch_interval("month", "2013-03")
RIDES = """
    SELECT n AS id, 'a%%' AS name, n::numeric / 2 AS speed, n > 0 AS open, %(start)s::timestamp AS at, NULL AS "limit"
    FROM generate_series(0, 1) n WHERE %(end)s::timestamptz > %(start)s
"""
OUTCOMES = "SELECT 1 AS id, true AS late WHERE %(start)s < '2013-02-01' AND %(end)s::timestamptz IS NOT NULL"


def spec(rides=RIDES, outcomes=OUTCOMES, **changes):
    """A contract whose source is these queries."""
    return contract(
        source={"kind": "postgres", "connection": "RIDES_URL", "queries": {"rides": rides, "outcomes": outcomes}},
        **changes,
    )


@pytest.fixture
def database(ledger_server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a real PostgreSQL, in the variable that the contract names."""
    url = ledger_server.url("postgres", "postgres")
    monkeypatch.setenv("RIDES_URL", url)
    return url


def test_queries_are_read_as_declared(database, tmp_path) -> None:
    """The interval is bound, moments are UTC, and numerics, nulls and percent signs arrive as they should."""
    frame = open_source(spec(), tmp_path).fetch("2013-03", MARCH)["rides"]
    assert frame.dtypes.equals(rides().dtypes)
    assert frame.drop(columns="limit").to_dict("list") == {
        "id": [0, 1], "name": ["a%", "a%"], "speed": [0.0, 0.5], "open": [False, True], "at": [MARCH.start] * 2,
    }  # fmt: skip
    assert frame["limit"].isna().all()


def test_an_empty_outcomes_query_means_none_yet(database, tmp_path) -> None:
    """No rows are no outcomes; rows are outcomes as declared."""
    source = open_source(spec(), tmp_path)
    assert source.outcomes("2013-03", MARCH) is None
    january = source.outcomes("2013-01", batch_interval("month", "2013-01"))
    assert january.to_dict("list") == {"id": [1], "late": [True]}


def test_intervals_that_have_ended_are_available(database, tmp_path) -> None:
    """The database's clock decides; the contract's first and last bound the keys."""
    assert open_source(spec(), tmp_path).available() == [f"2013-0{month}" for month in range(1, 7)]
    assert open_source(spec(first_batch="2999-01", last_batch=None), tmp_path).available() == []


def test_values_are_bound_never_pasted(database, tmp_path) -> None:
    """Parameters travel as moments, so a query may cast, compare and format them."""
    query = RIDES.replace("'a%%'", "(%(end)s::timestamptz - %(start)s)::text")
    assert list(open_source(spec(query), tmp_path).fetch("2013-03", MARCH)["rides"]["name"]) == ["31 days", "31 days"]


STOLEN = "CREATE TABLE stolen AS SELECT %(start)s AS a, %(end)s AS b"
BOUND = "WHERE %(start)s::timestamptz < %(end)s::timestamptz"
WRITES = {
    STOLEN: "cannot open CREATE TABLE AS query as cursor",
    f"{RIDES}; COMMIT; {STOLEN}": "cannot open multi-query plan as cursor",
    f"{RIDES}; COMMIT; BEGIN READ WRITE; {STOLEN}; {RIDES}": "cannot open multi-query plan as cursor",
    f"COMMIT; {STOLEN}; {RIDES}": "cannot open multi-query plan as cursor",
    f"{RIDES}'); COMMIT; {STOLEN}; SELECT ('": "syntax error|unterminated",
    f"WITH gone AS (DELETE FROM kept RETURNING 1) SELECT 1 AS id {BOUND}": "read-only transaction|data-modifying",
    f"SELECT nextval('numbers') AS id {BOUND}": "read-only transaction",
    f"SELECT set_config('transaction_read_only', 'off', false) AS id {BOUND}": "read-write mode",
    f"SELECT lo_create(4711) AS id {BOUND}": "read-only transaction",
}


@pytest.mark.parametrize("query", WRITES)
def test_sources_cannot_write(database, tmp_path, query: str) -> None:
    """A query that writes fails: the session is read only, and what follows a semicolon is no statement of its own."""
    with contextlib.closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS id; CREATE SEQUENCE IF NOT EXISTS numbers")
        with pytest.raises(SourceError, match=WRITES[query]):
            open_source(spec(query), tmp_path).fetch("2013-03", MARCH)
        cursor.execute("SELECT to_regclass('stolen'), (SELECT count(*) FROM kept)")
        assert cursor.fetchone() == (None, 1)


@pytest.mark.parametrize("first", ["", "set_config('statement_timeout', '0', false), "])
def test_a_query_that_never_ends_is_ended(database, tmp_path, monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    """It is one named error, which nobody tries again; the query cannot lift its own limit."""
    shorter = postgres._SETTINGS.replace("statement_timeout=600000", "statement_timeout=300")
    monkeypatch.setattr(postgres, "_SETTINGS", shorter)
    with pytest.raises(SourceError, match="took too long for PostgreSQL: canceling statement") as raised:
        open_source(spec(f"SELECT {first}pg_sleep(1000) {BOUND}"), tmp_path).fetch("2013-03", MARCH)
    assert raised.value.retry is False


def test_a_failing_query_is_a_source_error(database, tmp_path) -> None:
    """PostgreSQL's own sentence is passed on, on one line, with whose the query is."""
    query = "SELECT speeed FROM generate_series(0, 1) WHERE %(start)s < %(end)s"
    with pytest.raises(
        SourceError, match=r'queries for 2013-03 failed in PostgreSQL: column "speeed" does not exist .*data engineer'
    ):
        open_source(spec(query), tmp_path).fetch("2013-03", MARCH)


def test_a_database_that_is_away_is_worth_a_retry(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection is ServiceUnavailableError, and no message shows the password."""
    monkeypatch.setenv("RIDES_URL", "postgresql://me:hunter2@127.0.0.1:1/rides")
    with pytest.raises(ServiceUnavailableError, match="the database in RIDES_URL does not answer") as caught:
        open_source(spec(), tmp_path).available()
    assert caught.value.retry
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://me:hunter2@[::1/rides", "hunter2", "mysql://me:hunter2@host/rides"])
def test_a_wrong_url_is_not_shown(tmp_path, monkeypatch: pytest.MonkeyPatch, url) -> None:
    """A URL that cannot be parsed is named by its variable only: psycopg2 would quote it, password included."""
    monkeypatch.setenv("RIDES_URL", url)
    with pytest.raises((ConfigurationError, ServiceUnavailableError)) as caught:
        open_source(spec(), tmp_path).available()
    assert "RIDES_URL" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_an_unset_variable_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract names a variable that the environment lacks."""
    monkeypatch.delenv("RIDES_URL", raising=False)
    with pytest.raises(ConfigurationError, match="found no RIDES_URL"):
        open_source(spec(), tmp_path).available()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "SELECT %(start)s",
        "SELECT %(start)s, %(end)s, %(password)s",
        "SELECT %(start)s, %(end)s, 5 % 2",
        "%s",
    ],
)
def test_queries_bind_start_and_end_only(query) -> None:
    """A query without both parameters, with others, or with a bare percent sign is refused at load."""
    with pytest.raises(ConfigurationError, match=r"source\.queries\.rides: bound parameters of the query; found"):
        PostgresQuerySource(spec(query), spec(query).source)


def test_each_table_needs_a_query() -> None:
    """Queries and tables must match, outcomes included."""
    wrong = contract(source={"kind": "postgres", "connection": "RIDES_URL", "queries": {"ridez": RIDES}})
    with pytest.raises(ConfigurationError, match=r"source\.queries: .*found \['ridez'\]; allowed: outcomes, rides"):
        PostgresQuerySource(wrong, wrong.source)
