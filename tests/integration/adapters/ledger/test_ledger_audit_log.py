"""The audit log and the rights on it, on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import LedgerDatabase
from gatehouse.adapters.ledger.audit_log import CHANGES
from gatehouse.core.audit.hash_chain import FIRST, entry_hash
from gatehouse.errors import NotAllowedError, StaleAttemptError
from gatehouse.ports import Ledger
from support.story import Story

# Every table but those in which something moves (requests, attempts, champions), with one of its columns.
IMMUTABLE = {table: "audit_seq" for table in CHANGES if table != "retrain_requests"} | {
    "audit_log": "hash",
    "files": "path",
    "batch_tables": "source",
    "batch_table_results": "accepted",
    "training_set_batches": "part",
}


def test_entries_are_numbered_without_gaps_and_chained(ledger: Ledger) -> None:
    """Each entry names the hash of the one before, and its own hash is what Python computes from its words."""
    Story(ledger).tell()
    entries = ledger.audit_log.entries()
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.previous for entry in entries] == [FIRST, *(entry.hash for entry in entries[:-1])]
    assert all(entry.hash == entry_hash(entry) for entry in entries)
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)


def test_a_refused_change_leaves_no_gap(ledger: Ledger) -> None:
    """A transaction that is rolled back takes its number with it."""
    story = Story(ledger)
    batch = story.land().id
    with pytest.raises(NotAllowedError):
        story.ledger.batches.quarantine(story.enter("validate"), batch, " ", story.report())
    story.land("2013-02")
    assert [entry.seq for entry in ledger.audit_log.entries()] == [1, 2]


def test_entries_are_read_in_pieces(ledger: Ledger) -> None:
    """`after` and `limit` page through the audit log."""
    Story(ledger).tell()
    entries = ledger.audit_log.entries()
    assert [*ledger.audit_log.entries(limit=3), *ledger.audit_log.entries(after=3)] == entries


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(min_size=1), body=st.dictionaries(st.text(), st.text() | st.integers() | st.floats() | st.none()))
def test_database_and_python_hash_the_same_words_alike(ledger: Ledger, words: str, body: dict[str, object]) -> None:
    """Whatever is written, control characters, quotes and all scripts, both sides compute one hash."""
    ledger.audit_log.note("note.made", f"about {words}", f"by {words}", body)
    entry = ledger.audit_log.entries()[-1]
    assert entry.hash == entry_hash(entry)
    assert entry.hash != entry_hash(replace(entry, actor="somebody else"))


def test_a_note_cannot_pretend_to_be_a_change(ledger: Ledger) -> None:
    """`champion.changed` is written by changing the champion."""
    with pytest.raises(NotAllowedError, match=r"champion\.changed"):
        ledger.audit_log.note("champion.changed", "flights", "Ada", {})


@pytest.mark.parametrize("role", ["url", "owner_url", "superuser_url"])
def test_what_is_recorded_cannot_be_changed_by_any_ordinary_statement(
    ledger_database: LedgerDatabase, role: str
) -> None:
    """UPDATE, DELETE and TRUNCATE are refused to the application, the owner and even the superuser."""
    connection = psycopg2.connect(getattr(ledger_database, role))
    connection.autocommit = True
    for table, column in IMMUTABLE.items():
        for statement in (
            f"UPDATE gatehouse.{table} SET {column} = {column}",
            f"DELETE FROM gatehouse.{table}",
            f"TRUNCATE gatehouse.{table} CASCADE",
        ):
            with pytest.raises((psycopg2.errors.RaiseException, psycopg2.errors.InsufficientPrivilege)):
                connection.cursor().execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE gatehouse.mine (id integer)",
        "DROP TABLE gatehouse.audit_log",
        "ALTER TABLE gatehouse.audit_log DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "INSERT INTO gatehouse.audit_log (seq, kind, subject, actor, at, body, previous, hash) "
        "VALUES (1, 'a.b', 'x', 'x', now(), '{}', '', '')",
        "UPDATE gatehouse.retrain_requests SET reasons = '[]'",
        "DELETE FROM gatehouse.current_champions",
        "DELETE FROM gatehouse.task_attempts",
        "UPDATE gatehouse.task_attempts SET fencing_token = fencing_token + 1, started_at = now() - interval '1 year'",
        "INSERT INTO gatehouse.task_attempts (task_key, fencing_token, started_at) VALUES ('flights/x', 1, now() - interval '1 year')",
        "UPDATE gatehouse.revision SET version_num = '0'",
    ],
)
def test_the_application_may_do_no_more_than_it_needs(ledger_database: LedgerDatabase, statement: str) -> None:
    """No definitions, no forged audit log entries, no rewriting: the application's role lacks the right."""
    with psycopg2.connect(ledger_database.url) as connection, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        connection.cursor().execute(statement)
    connection.close()


def test_a_stale_attempt_cannot_commit(ledger: Ledger) -> None:
    """Once a newer attempt has entered, the older one's commit is refused with both tokens, and nothing is written."""
    story = Story(ledger)
    batch = story.land().id
    old, new = (ledger.attempts.enter("flights/validate") for _ in range(2))
    with pytest.raises(
        StaleAttemptError, match=r"attempt 1 at flights/validate may not commit: attempt 2 is the newest"
    ):
        ledger.batches.accept(old, batch, story.parts(batch), story.report())
    ledger.batches.accept(new, batch, story.parts(batch), story.report())
    assert [entry.kind for entry in ledger.audit_log.entries()] == ["batch.landed", "batch.accepted"]


def test_an_attempt_that_never_entered_cannot_commit(ledger: Ledger) -> None:
    """A lease is given by the ledger, not made up."""
    story = Story(ledger)
    invented = replace(story.enter("land"), work="flights/elsewhere")
    with pytest.raises(StaleAttemptError, match="none has started"):
        ledger.batches.accept(invented, story.land().id, {}, story.report())


def test_the_database_says_when_an_attempt_began(ledger: Ledger, ledger_database: LedgerDatabase) -> None:
    """A newer attempt begins at the moment of its transaction, whatever its owner says."""
    ledger.attempts.enter("flights/x")
    with psycopg2.connect(ledger_database.owner_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gatehouse.task_attempts SET fencing_token = fencing_token + 1, started_at = '2000-01-01' RETURNING started_at = now()"
        )
        assert cursor.fetchone() == (True,)
    connection.close()


def test_the_ledger_knows_how_long_nobody_has_tried(ledger: Ledger) -> None:
    """`idle` counts from the newest attempt, and is None for work that nobody has begun."""
    ledger.attempts.enter("flights/x")
    first = ledger.attempts.idle("flights/x")
    assert first is not None
    assert 0 <= first < 60
    assert ledger.attempts.idle("flights/y") is None


def test_tokens_only_rise(ledger_database: LedgerDatabase, ledger: Ledger) -> None:
    """The application can neither lower a token nor skip one."""
    ledger.attempts.enter("flights/x")
    with psycopg2.connect(ledger_database.url) as connection:
        for token in (0, 1, 3):
            with pytest.raises(psycopg2.errors.RaiseException, match="rises by one"):
                connection.cursor().execute("UPDATE gatehouse.task_attempts SET fencing_token = %s", (token,))
            connection.rollback()
    connection.close()
