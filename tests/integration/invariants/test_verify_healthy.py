"""`gatehouse audit verify` on ledgers with nothing wrong."""

from __future__ import annotations

import psycopg2

from conftest import LedgerDatabase
from gatehouse.invariants import INVARIANTS, run
from gatehouse.ports import Ledger
from support.fakes import FakeTracking
from support.story import Story


def test_an_empty_ledger_holds_every_invariant(ledger_database: LedgerDatabase) -> None:
    """A ledger in which nothing has happened yet has no breach, and each invariant is reported by name."""
    findings = run(ledger_database.url, Story(None).lake, FakeTracking())  # type: ignore[arg-type]
    assert [finding.invariant for finding in findings] == list(INVARIANTS)
    assert [finding.breaches for finding in findings if not finding.ok] == []


def test_a_ledger_after_the_whole_loop_holds_every_invariant(ledger_database: LedgerDatabase, ledger: Ledger) -> None:
    """After landing, training, promoting and scoring every invariant holds, and each has examined something."""
    story, tracking = Story(ledger), FakeTracking()
    champion = story.tell()
    tracking.mirror(story.name, champion.model.version, None)
    findings = run(ledger_database.url, story.lake, tracking)
    assert [finding.breaches for finding in findings if not finding.ok] == []
    assert all(finding.rows for finding in findings), [(f.invariant, f.rows) for f in findings]


def test_what_waits_is_named(ledger_database: LedgerDatabase, ledger: Ledger) -> None:
    """A quarantined batch is no breach, but I8 names it with the time it has waited."""
    story = Story(ledger)
    story.quarantine("2013-04")
    (finding,) = (f for f in run(ledger_database.url, story.lake, None) if f.invariant == "I8")
    assert finding.ok
    assert finding.notes == ("batch flights/2013-04.r1 is quarantined, for 0 minutes now",)


def test_without_a_tracking_server_the_alias_is_not_judged(ledger_database: LedgerDatabase, ledger: Ledger) -> None:
    """I10 says that it asked nobody instead of claiming that the alias agrees."""
    story = Story(ledger)
    story.tell()
    (finding,) = (f for f in run(ledger_database.url, story.lake, None) if f.invariant == "I10")
    assert (finding.ok, finding.rows) == (True, 0)
    assert "not asked" in finding.notes[0]


def test_a_long_audit_log_is_read_whole(ledger_database: LedgerDatabase) -> None:
    """Of 100,000 entries each one is checked."""
    with psycopg2.connect(ledger_database.owner_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gatehouse.audit_log (kind, subject, actor, body) "
            "SELECT 'note.made', 'flights', 'test', '{\"number\":' || n || '}' FROM generate_series(1, 100000) n"
        )
    (finding,) = (f for f in run(ledger_database.url, Story(None).lake, None) if f.invariant == "I6")  # type: ignore[arg-type]
    assert (finding.ok, finding.rows) == (True, 100_000)
