"""Batches on a real PostgreSQL: landing, revisions, quarantine, outcomes, predictions, watching."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatehouse.core.types import BatchId, BatchState, Reason, RequestState
from gatehouse.errors import NotAllowedError, RecordNotFoundError
from gatehouse.ports import Ledger
from support.story import DRIFT, Story

MARCH, APRIL, MAY = (datetime(2013, month, 1, tzinfo=UTC) for month in (3, 4, 5))


@pytest.fixture
def story(ledger: Ledger) -> Story:
    """A use case in which nothing has happened yet."""
    return Story(ledger)


def _kinds(story: Story) -> list[str]:
    return [entry.kind for entry in story.ledger.audit_log.entries()]


def test_the_same_content_lands_once_and_is_noted_once(story: Story) -> None:
    """Landing equal content again and again returns the first batch; the audit log notes the repetition a single time."""
    first = story.accept()
    again = [story.land(), story.land()]
    assert again == [first, first]
    assert _kinds(story) == ["batch.landed", "batch.accepted", "batch.repeated"]


def test_a_landing_that_is_done_again_leaves_no_trace(story: Story) -> None:
    """A landing that was cut off after its commit and is done again changes nothing, and is no second delivery."""
    assert story.land() == story.land()
    assert _kinds(story) == ["batch.landed"]


def test_changed_content_is_a_new_revision_and_the_old_one_stays(story: Story) -> None:
    """A corrected delivery under the same key is revision 2; revision 1 keeps its content and its state."""
    first = story.accept()
    second = story.land(count=11)
    assert (first.id.revision, second.id.revision) == (1, 2)
    assert story.ledger.batches.get(first.id) == first
    assert story.land(count=10).id == first.id
    assert [batch.state for batch in story.ledger.batches.list("flights")] == [BatchState.ACCEPTED, BatchState.LANDED]


def test_batches_may_land_out_of_order_and_are_listed_in_order(story: Story) -> None:
    """A late batch takes its place by key, not by the moment it landed."""
    for key in ("2013-03", "2013-01", "2013-02"):
        story.land(key)
    assert [batch.id.key for batch in story.ledger.batches.list("flights")] == ["2013-01", "2013-02", "2013-03"]


def test_an_accepted_batch_knows_its_parts_and_its_report(story: Story) -> None:
    """What was accepted and quarantined of each table, and the validation's report, come back as they were recorded."""
    batch = story.accept()
    part = batch.tables["rides"]
    assert (part.accepted, part.quarantined) == story.parts(batch.id)["rides"]
    assert (batch.state, batch.report) == (BatchState.ACCEPTED, story.report())


def test_accepting_again_changes_nothing_and_accepting_otherwise_is_refused(story: Story) -> None:
    """The same verdict again writes no entry, whatever its report looks like; other rows are NotAllowedError."""
    batch = story.accept().id
    lease, entries = story.enter(f"{batch}/validate"), _kinds(story)
    story.ledger.batches.accept(lease, batch, story.parts(batch), story.report("rendered again"))
    assert _kinds(story) == entries
    with pytest.raises(NotAllowedError, match="content"):
        story.ledger.batches.accept(lease, batch, story.parts(batch, good=8, bad=2), story.report())
    with pytest.raises(NotAllowedError, match="is accepted"):
        story.ledger.batches.quarantine(lease, batch, "late thought", story.report())


def test_a_quarantined_batch_is_released_by_name_with_a_reason(story: Story) -> None:
    """Release makes it accepted with its parts; without a name or a reason it is refused and nothing is written."""
    batch = story.quarantine().id
    for actor, reason in (("", "fine"), ("Ada", " ")):
        with pytest.raises(NotAllowedError, match="a name and a reason"):
            story.ledger.batches.release(batch, actor, reason, story.parts(batch))
    for _ in range(2):
        story.ledger.batches.release(batch, "Ada", "checked with the source", story.parts(batch))
    released = story.ledger.batches.get(batch)
    assert (released.state, released.reason) == (BatchState.ACCEPTED, "checked with the source")
    assert released.report == story.report("too few rows")
    assert _kinds(story).count("batch.released") == 1
    with pytest.raises(NotAllowedError, match="only a quarantined batch can be discarded"):
        story.ledger.batches.discard(batch, "Ada", "after all")


def test_a_quarantined_batch_is_discarded_once_and_for_all(story: Story) -> None:
    """Discarded is where a batch ends: it keeps the reason and can no longer be released."""
    batch = story.quarantine().id
    story.ledger.batches.discard(batch, "Ada", "broken sensor")
    assert story.ledger.batches.get(batch).reason == "broken sensor"
    with pytest.raises(NotAllowedError):
        story.ledger.batches.release(batch, "Ada", "fine", story.parts(batch))
    with pytest.raises(NotAllowedError, match="actor"):
        story.ledger.batches.discard(batch, "Bob", "broken sensor")


def test_an_accepted_batch_cannot_be_released_or_discarded(story: Story) -> None:
    """Only what is in quarantine leaves it."""
    batch = story.accept().id
    with pytest.raises(NotAllowedError, match=r"batch flights/2013-01\.r1 is accepted"):
        story.ledger.batches.discard(batch, "Ada", "no")


def test_an_unknown_batch_is_named(story: Story) -> None:
    """Asking for a batch that never landed names it."""
    with pytest.raises(RecordNotFoundError, match=r"flights/1999-01\.r1"):
        story.ledger.batches.get(BatchId("flights", "1999-01", 1))


def test_outcomes_are_those_that_had_arrived_by_then(story: Story) -> None:
    """A question as of a moment sees the newest outcomes delivered by that moment, never later ones."""
    batch = story.accept().id
    assert story.arrive(batch, MARCH, count=5)
    assert story.arrive(batch, APRIL, count=9)
    rows = {
        as_of: [o.file.rows for o in story.ledger.batches.outcomes("flights", as_of).values()] for as_of in (MARCH, MAY)
    }
    assert rows == {MARCH: [5], MAY: [9]}
    assert story.ledger.batches.outcomes("flights", datetime(2013, 2, 1, tzinfo=UTC)) == {}


def test_the_same_outcomes_arrive_once(story: Story) -> None:
    """The newest delivery again and an old delivery again are no-ops, a real change is a revision."""
    batch = story.accept().id
    assert [story.arrive(batch, MARCH, 5), story.arrive(batch, MARCH, 5), story.arrive(batch, APRIL, 5)] == [
        True,
        False,
        False,
    ]
    assert [story.arrive(batch, APRIL, 9), story.arrive(batch, MARCH, 5), story.arrive(batch, MAY, 5)] == [
        True,
        False,
        True,
    ]
    assert story.ledger.batches.outcomes("flights", MAY)["2013-01"].revision == 3


def test_a_batch_is_scored_once_by_one_model(story: Story) -> None:
    """The same prediction again is a no-op; one by another file is NotAllowedError and names both."""
    champion = story.tell()
    (prediction,) = story.ledger.batches.predictions("flights")
    entries = _kinds(story)
    assert story.score(prediction.batch, champion) == prediction
    assert _kinds(story) == entries
    other = replace(prediction, file=story.rows("other", 9, "predictions"))
    with pytest.raises(NotAllowedError, match=other.file.path):
        story.ledger.batches.scored(story.enter("score"), other)


def test_a_prediction_must_name_the_champion_of_its_generation(story: Story) -> None:
    """The database refuses predictions of a generation or with bytes that were never in production."""
    story.tell()
    (prediction,) = story.ledger.batches.predictions("flights")
    batch = story.accept("2013-05").id
    for wrong in (replace(prediction, batch=batch, generation=2), replace(prediction, batch=batch, sha256="0" * 64)):
        with pytest.raises(NotAllowedError, match="foreign key"):
            story.ledger.batches.scored(story.enter("score"), wrong)


def test_a_watch_without_a_reason_opens_nothing(story: Story) -> None:
    """A calm batch is recorded as watched and leaves no request."""
    batch = story.accept().id
    assert story.watch(batch) is None
    assert [report.batch for report in story.ledger.batches.watches("flights")] == [batch]
    assert story.ledger.requests.pending("flights") is None


def test_a_batch_is_watched_once(story: Story) -> None:
    """A second verdict on a batch, even another one, returns what the first one recorded and writes nothing."""
    batch = story.accept().id
    request = story.watch(batch, DRIFT)
    entries = _kinds(story)
    assert story.watch(batch, DRIFT) == story.watch(batch) == request
    assert _kinds(story) == entries
    assert entries[-2:] == ["batch.monitored", "request.opened"]
    assert request is not None
    story.close(story.claim(request))
    again = story.watch(batch, DRIFT)
    assert again is not None
    assert (again.id, again.state) == (request.id, RequestState.DECIDED)


def test_further_reasons_join_the_pending_request(story: Story) -> None:
    """While a request is open or claimed another watch adds its reasons to it; after it ended a new one is opened."""
    batches = [story.accept(f"2013-0{month}").id for month in range(1, 4)]
    decay = Reason("decay", "log loss rose by 0.05", {"rise": 0.05})
    first, joined = story.watch(batches[0], DRIFT), story.watch(batches[1], decay)
    assert first is not None
    assert joined is not None
    assert (joined.id, joined.reasons, joined.as_of) == (first.id, (DRIFT, decay), first.as_of)
    story.close(story.claim(joined))
    last = story.watch(batches[2], DRIFT)
    assert last is not None
    assert last.id != first.id
    assert [request.state for request in story.ledger.requests.list("flights")] == [
        RequestState.DECIDED,
        RequestState.OPEN,
    ]
