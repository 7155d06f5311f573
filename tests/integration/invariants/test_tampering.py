"""Someone with the superuser's password and the lake's keys changes one thing: `gatehouse audit verify` names it.

The cases are generated from the schema and from the files of a small ledger: each value, each row, each file.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from conftest import LedgerDatabase
from gatehouse.adapters.ledger.connection import Cursor
from gatehouse.core.notifications.alert_types import AlertType
from gatehouse.core.notifications.issues import IssueReport
from gatehouse.core.types import BatchId, Revalidation, Verdict
from gatehouse.dev_stack.postgres import PostgresServer
from gatehouse.invariants import INVARIANTS, InvariantContext, examine
from gatehouse.pipeline.maintenance.notify import record_issues, send_due_notifications
from gatehouse.ports import Ledger
from gatehouse.settings import ROOT
from integration.pipeline.test_telling import SPEC
from support.fakes import FakeNotifier
from support.story import Story

UNNOTICED = {  # what `verify` does not name, and why that is no harm
    ("files", "size"): "what is read is judged by its sha256; the size is shown",
    ("task_attempts", "fencing_token"): "a higher one is what each new attempt makes; a lower one is I7's",
    ("task_attempts", "started_at"): "it says when maintenance looks again, and the database alone sets it",
    ("revision", "version_num"): "the number of the schema, which no change of state rests on",
}
DELETED_UNNOTICED = {"revision": "as above"}
NOT_MADE = {"probations": "it needs two champions in one story", "shadow_predictions": "as above"}
SQL = ROOT / "include" / "gatehouse" / "adapters" / "ledger" / "migrations" / "sql"
CREATED = re.compile(r"CREATE TABLE gatehouse\.(\w+)")
TABLES = sorted({"revision", *(name for file in SQL.glob("*.sql") for name in CREATED.findall(file.read_text()))})
OTHER = {  # other values of a type; the first that the table's constraints let through is tried
    "text": (
        "{0} || 'x'", "translate({0}, '0123456789abcdef', '123456789abcdef0')",
        "(SELECT t.{0} FROM {1} t WHERE t.{0} <> {1}.{0} LIMIT 1)", "'[]'", "'{{}}'", "'[\"x\"]'", "'{{\"x\": 1}}'", "'x'",
    ),
    "character varying": ("{0} || 'x'",),
    "integer": ("{0} + 1", "0"),
    "bigint": ("{0} + 1", "{0} + 100000", "0"),
    "boolean": ("NOT {0}",),
    "timestamp with time zone": ("{0} + interval '1 hour'", "now()"),
    "double precision": ("{0} + 1",),
}  # fmt: skip
COLUMNS = """
    SELECT column_name AS name, data_type AS type FROM information_schema.columns
    WHERE table_schema = 'gatehouse' AND table_name = %s ORDER BY ordinal_position"""


class Superuser:
    """The ledger in transactions that no trigger and no foreign key looks at, and that are rolled back."""

    def __init__(self, story: Story, url: str) -> None:
        self.lake: Any = story.lake
        self._url = url

    @contextmanager
    def opened(self) -> Iterator[Cursor]:
        with closing(psycopg2.connect(self._url)) as connection:
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(
                    "SET search_path = gatehouse; SET timezone = UTC; SET session_replication_role = replica"
                )
                yield Cursor(cursor)
            connection.rollback()

    def breaches(self, rows: Cursor, lake: Any = None) -> list[str]:
        """What `verify` finds broken, within the transaction."""
        names = [name for name in INVARIANTS if name != "I10"]  # there is no MLflow here
        return [each for name in names for each in examine(name, InvariantContext(rows, lake or self.lake)).breaches]

    def after(self, *statements: str) -> list[str] | None:
        """What is broken after the first of the statements that the table lets change a row; None if it lets none."""
        for statement in statements:
            with self.opened() as rows:
                try:
                    changed = rows.all(f"{statement} RETURNING 1")
                except psycopg2.Error:
                    continue
                if changed:
                    return self.breaches(rows)
        return None


@pytest.fixture
def superuser(ledger: Ledger, ledger_server: PostgresServer, ledger_database: LedgerDatabase) -> Superuser:
    """A story with a row or more in nearly every table."""
    story = Story(ledger)
    champion = story.tell()
    accepted = [batch for batch in ledger.batches.list("flights") if batch.state == "accepted"]
    model = story.challenger(accepted[0], accepted[1], story.accept("2013-05").id)
    decision = story.decide(model, Verdict.REVIEW, champion.generation)
    ledger.decisions.reported(decision.id, story.report("decided"))
    ledger.decisions.answer(decision.id, False, "Ada", "not before the summer is over")
    ledger.overrides.confirm(story.override(decision, second_person=True).id, "Bob", "I have looked at it as well")
    begun = ledger.backfills.begin("flights", "2013-06", "2013-07", False, "Ada", "the feed was down for a month")
    ledger.backfills.end(begun.id, "failed", "the source has gone away")
    batch, again = BatchId("flights", "2013-03", 1), story.report("checked again")
    found = ("0" * 64, "accepted", "accepted", "", {"rides": (9, 1)}, again)
    ledger.revalidations.record(Revalidation(batch, *found, "Ada", "the contract has another limit now"))
    record_issues(ledger, [IssueReport(AlertType.UNHEALTHY, "", "maintenance", "it did not come to its end")], [])
    send_due_notifications(ledger, SPEC, FakeNotifier(), datetime.now(UTC) + timedelta(minutes=1))
    record_issues(ledger, [], [(AlertType.UNHEALTHY, "")])
    name = ledger_database.url.rpartition("/")[2].partition("?")[0]
    return Superuser(story, ledger_server.url(name, "postgres"))


def test_what_was_not_touched_is_whole(superuser: Superuser) -> None:
    """Nothing is broken, and nearly every table has a row: what the other tests find is their own doing."""
    with superuser.opened() as rows:
        assert superuser.breaches(rows) == []
        assert {table for table in TABLES if not rows.all(f"SELECT 1 FROM {table} LIMIT 1")} == set(NOT_MADE)
    assert len(TABLES) > 30


@pytest.mark.parametrize("table", TABLES)
def test_each_changed_value_is_named(superuser: Superuser, table: str) -> None:
    """One value of each column is changed: it is named, unless a constraint refuses it to the superuser as well."""
    with superuser.opened() as rows:
        columns = rows.all(COLUMNS, table)
    assert columns
    unnoticed = set()
    for column in columns:
        name = column["name"]
        oldest = f"ctid = (SELECT min(ctid) FROM {table} WHERE {name} IS NOT NULL)"
        others = [to.format(name, table) for to in OTHER[column["type"]]]
        if (
            superuser.after(*(f"UPDATE {table} SET {name} = {to} WHERE {oldest} AND {name} <> {to}" for to in others))
            == []
        ):
            unnoticed.add((table, name))
    assert unnoticed == {place for place in UNNOTICED if place[0] == table}


@pytest.mark.parametrize("table", [table for table in TABLES if table not in NOT_MADE])
def test_each_deleted_row_is_named(superuser: Superuser, table: str) -> None:
    """The oldest and the newest row of the table are deleted, each alone."""
    for end in ("min", "max"):
        found = superuser.after(f"DELETE FROM {table} WHERE ctid = (SELECT {end}(ctid) FROM {table})")
        assert bool(found) is (table not in DELETED_UNNOTICED)


def test_each_file_of_the_lake_is_looked_at(superuser: Superuser) -> None:
    """Each file is altered, removed, or swapped for another one of its kind, such as another decision's evidence."""
    files, unnoticed = superuser.lake.files, set()
    for path in sorted(files):
        kind = path.split("/")[0]
        others = [files[other] for other in sorted(files) if other != path and other.split("/")[0] == kind]
        for change in (files[path] + b"x", None, *others[:1]):
            lake = copy.copy(superuser.lake)
            lake.files = {name: data for name, data in {**files, path: change}.items() if data is not None}
            with superuser.opened() as rows:
                if not superuser.breaches(rows, lake):
                    unnoticed.add(path)
    assert len(files) > 10
    assert unnoticed == set()
