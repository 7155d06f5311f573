"""The profile of a batch is kept with the act that accepted or released it."""

from __future__ import annotations

import psycopg2
import pytest

from gatehouse.ports import Ledger
from support.story import Story


@pytest.fixture
def story(ledger: Ledger) -> Story:
    """A use case in which nothing has happened yet."""
    return Story(ledger)


def test_accepted_and_released_batches_know_their_profile(story: Story) -> None:
    """It comes back as it was recorded, is told in the audit log, and a batch without one has none."""
    profile, batches = story.report("a profile"), story.ledger.batches
    landed, held, old = story.land("2013-01").id, story.quarantine("2013-02").id, story.accept("2013-03")
    batches.accept(story.enter(f"{landed}/validate"), landed, story.parts(landed), story.report(), profile)
    batches.release(held, "ann", "looked at it", story.parts(held), profile)
    assert (batches.get(landed).profile, batches.get(held).profile, old.profile) == (profile, profile, None)
    told = [entry for entry in story.ledger.audit_log.entries() if profile.sha256 in entry.body]
    assert [entry.kind for entry in told] == ["batch.accepted", "batch.released"]


def test_a_quarantined_batch_has_no_profile(story: Story, ledger_database) -> None:  # type: ignore[no-untyped-def]
    """The schema itself refuses a profile of rows that nobody accepted."""
    batch = story.quarantine("2013-01").id
    with psycopg2.connect(ledger_database.owner_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'profile_of_accepted_rows'")
        ((rule,),) = cursor.fetchall()
    assert "accepted" in rule
    assert "released" in rule
    assert story.ledger.batches.get(batch).profile is None
