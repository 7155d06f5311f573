"""A reference to a file of the lake that leads nowhere is named, whatever column holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest

from conftest import LedgerDatabase
from gatehouse.adapters.ledger.connection import Database
from gatehouse.adapters.ledger.transaction import LedgerTransaction
from gatehouse.core.types import FileRef
from gatehouse.invariants import InvariantResult, run
from gatehouse.ports import Ledger
from support.fakes import FakeLake, FakeTracking
from support.story import Story

COLUMNS = """
    SELECT t.relname, a.attname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(c.conkey)
    WHERE c.contype = 'f' AND c.confrelid = 'gatehouse.files'::regclass ORDER BY 1, 2"""

REQUIRED = """
    SELECT t.relname, a.attname FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
    WHERE a.attnotnull AND NOT EXISTS (SELECT 1 FROM pg_index i
                                       WHERE i.indrelid = t.oid AND i.indisprimary AND a.attnum = ANY(i.indkey))"""


class World:
    """A story with a file in every column that can hold one, and someone with the superuser's password."""

    def __init__(self, database: LedgerDatabase, ledger: Ledger) -> None:
        self.story, self.tracking, self.database = Story(ledger), FakeTracking(), database
        champion = self.story.tell()
        self.tracking.mirror(self.story.name, champion.model.version, None)
        assert isinstance(self.story.lake, FakeLake)
        self.files = self.story.lake.files
        self.columns = [(row[0], row[1]) for row in self.sql(COLUMNS)]
        self._fill(champion.model)

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg2.connect(self.database.superuser_url) as connection, connection.cursor() as cursor:
            cursor.execute("SET search_path = gatehouse; SET session_replication_role = replica")
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def _fill(self, model: Any) -> None:
        """The columns that a short story leaves empty, each with a file of its own and a proper entry."""
        story = self.story
        (decision,) = story.ledger.decisions.list("flights")
        story.ledger.decisions.reported(decision.id, story.report("decided"))
        where = {"use_case": "flights", "key": "2013-03", "revision": 1}
        scores = story.lake.put(b"scores", "shadows", "parquet")
        by_former = {"version": model.version, "sha256": model.file.sha256, "generation": 1, "file": scores}
        self.forge("shadow_predictions", "batch.shadow_scored", {**where, **by_former})
        again = {
            "contract": "0" * 64,
            "state": "accepted",
            "verdict": "accepted",
            "found": "",
            "counts": {},
            "number": 1,
        }
        again |= {"actor": "Ada", "reason": "the contract has changed", "report": story.report("again")}
        self.forge("revalidations", "batch.revalidated", {**where, **again})
        for table, column in self.columns:
            if not self.sql(f"SELECT 1 FROM {table} WHERE {column} IS NOT NULL"):
                self.point(table, column, story.report(f"{table} {column}"))

    def forge(self, table: str, kind: str, row: dict[str, Any]) -> None:
        named = {name for (name,) in self.sql(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s", table)}  # fmt: skip
        row = {name: value for name, value in row.items() if name in named}
        with Database(self.database.superuser_url).transaction() as rows:
            change = LedgerTransaction(rows, "Ada", None)
            entry = change.append(
                kind, "flights", {name: vars(v) if isinstance(v, FileRef) else v for name, v in row.items()}
            )
            rows.run("SET LOCAL session_replication_role = replica")
            change.insert(table, {**row, "audit_seq": entry})

    def point(self, table: str, column: str, file: FileRef) -> None:
        """Let a column that is empty name a file that is on record; its entry says nothing of it."""
        self.sql("INSERT INTO files VALUES (%s, %s, %s, %s)", file.path, file.sha256, file.size, file.rows)
        self.sql(
            f"UPDATE {table} SET {column} = %s" + (" WHERE event = 'accepted'" if column == "profile" else ""),
            file.path,
        )

    def verify(self) -> list[InvariantResult]:
        return run(self.database.url, self.story.lake, self.tracking)

    def breaches(self) -> list[str]:
        return [breach for finding in self.verify() for breach in finding.breaches]

    @contextmanager
    def unknown_path(self, table: str, column: str) -> Iterator[None]:
        """The rows name a file that `files` does not have."""
        self.sql(f"UPDATE {table} SET {column} = 'nowhere/' || {column}")
        yield
        self.sql(f"UPDATE {table} SET {column} = substr({column}, 9)")

    @contextmanager
    def no_path(self, table: str, column: str) -> Iterator[None]:
        """The rows name no file, where one has to be."""
        self.sql(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL, ADD COLUMN kept text")
        self.sql(f"UPDATE {table} SET kept = {column}, {column} = NULL")
        yield
        self.sql(f"UPDATE {table} SET {column} = kept")
        self.sql(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL, DROP COLUMN kept")

    @contextmanager
    def other_bytes(self, table: str, column: str, data: bytes | None) -> Iterator[None]:
        """The lake has other bytes in the files' places, or none."""
        paths = [path for (path,) in self.sql(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")]
        kept = {path: self.files[path] for path in paths}
        for path in paths:
            if data is None:
                del self.files[path]
            else:
                self.files[path] = data
        yield
        self.files.update(kept)


@pytest.fixture
def world(ledger_database: LedgerDatabase, ledger: Ledger) -> World:
    return World(ledger_database, ledger)


def test_every_reference_that_leads_nowhere_is_named(world: World) -> None:
    """Each column of each table in turn: an unknown path, no path, a file that is missing, and one with other bytes. Each
    is a breach that says where, and never an exception."""
    before = world.breaches()
    assert len(world.columns) >= 19
    required = world.sql(REQUIRED)
    for table, column in world.columns:
        assert world.sql(f"SELECT 1 FROM {table} WHERE {column} IS NOT NULL"), (
            f"no row of the story has {table}.{column}"
        )
        ways = [world.unknown_path(table, column)]
        ways += [world.other_bytes(table, column, data) for data in (None, b"not what was stored")]
        ways += [world.no_path(table, column)] if (table, column) in required else []
        for way in ways:
            with way:
                found = [breach for breach in world.breaches() if breach not in before]
            assert found, f"{table}.{column}: {way.gen.__qualname__}"  # type: ignore[attr-defined]
    assert world.breaches() == before, "the world was put right each time"


def test_an_unknown_path_is_named_with_its_column(world: World) -> None:
    """The sentence says which column of which table names which file."""
    with world.unknown_path("candidates", "file"):
        (found,) = [breach for breach in world.breaches() if breach.startswith("candidates.file")]
    assert "1 rows name the file nowhere/models/" in found
    assert found.endswith("which is not on record")


def test_a_file_of_something_else_is_named(world: World) -> None:
    """Predictions that name the training rows, evidence that names a report: other content than the reference promises."""
    before = world.breaches()
    (report,) = world.sql("SELECT report FROM decision_reports")[0]
    (training,) = world.sql("SELECT training FROM training_sets")[0]
    (accepted,) = world.sql("SELECT accepted FROM batch_table_results")[0]
    for table, column, path in (
        ("decisions", "evidence_file", report),
        ("decisions", "evidence_file", training),
        ("predictions", "file", training),
        ("predictions", "file", report),
        ("training_sets", "training", accepted),
        ("training_sets", "holdout", report),
    ):
        ((known,),) = world.sql(f"SELECT {column} FROM {table}")
        world.sql(f"UPDATE {table} SET {column} = %s", path)
        assert [breach for breach in world.breaches() if breach not in before], f"{table}.{column} names {path}"
        world.sql(f"UPDATE {table} SET {column} = %s", known)
