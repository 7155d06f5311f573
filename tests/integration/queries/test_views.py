"""The pages' questions to the ledger: right, in order, bounded."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gatehouse.adapters.ledger.connection import Database
from gatehouse.core.types import BatchId, MonitoringReport, Verdict
from gatehouse.errors import RecordNotFoundError
from gatehouse.queries import (
    Attention,
    ListFilter,
    batch_view,
    batches_of,
    decision_view,
    decisions_of,
    fleet,
    use_case_view,
)
from gatehouse.queries.fleet import SORTS
from gatehouse.queries.use_case_status import MEASURED
from support.story import Story


@pytest.fixture
def database(ledger_database) -> Database:
    return Database(ledger_database.url)


def everything(names: set[str]) -> set[str]:
    return names


def watched(story: Story, key: str, value: float, **body) -> None:
    """An accepted batch with a measured value in its watch report."""
    batch = story.accept(key)
    matured = {"batch": key, "metric": "log_loss", "value": {"value": value}, "judged": []}
    report = MonitoringReport(batch.id, batch.interval.end, {"alarms": [], "matured": matured, **body})
    story.ledger.batches.watched(story.enter(f"{batch.id}/watch"), report, {})


def test_those_that_need_a_person_come_first(ledger, database) -> None:
    """A waiting review, a quarantined batch and a paging incident before alarms, alarms before silence."""
    quiet, alarmed, paged, held, asked = (
        Story(ledger, name=name) for name in ("quiet", "alarmed", "paged", "held", "asked")
    )
    quiet.tell()
    ledger.batches.discard(BatchId("quiet", "2013-04", 1), "Ada", "it is of no use")
    incident = {"kind": "data fault", "sentence": "columns are swapped", "state": "open", "page": True}
    watched(paged, "2013-01", 0.4, incidents=[incident, {**incident, "state": "resolved"}])
    watched(alarmed, "2013-01", 0.4, alarms=[{"kind": "drift", "sentence": "it moved"}])
    held.quarantine("2013-01")
    review = asked.decide(asked.challenger(asked.accept("2013-05"), asked.accept("2013-06")), Verdict.REVIEW)
    standings, total, needs = fleet(database, ["new_one"], everything, "", 1, 10)
    assert [(each.use_case, each.need) for each in standings] == [
        ("asked", Attention.ACT), ("held", Attention.ACT), ("paged", Attention.ACT), ("alarmed", Attention.LOOK), ("new_one", Attention.LOOK), ("quiet", Attention.NOTHING),
    ]  # fmt: skip
    assert (total, needs) == (6, {Attention.ACT: 3, Attention.LOOK: 2, Attention.NOTHING: 1})
    by_name = {each.use_case: each for each in standings}
    assert [each.document["sentence"] for each in by_name["paged"].incidents] == ["columns are swapped"]
    assert (by_name["asked"].reviews, by_name["asked"].review) == (1, review.id)
    assert by_name["held"].quarantined == 1
    assert by_name["quiet"].version == 1


def test_a_newer_revision_or_an_answer_ends_the_need(ledger, database) -> None:
    """A redelivered batch and an answered review wait for nobody any more."""
    story = Story(ledger, name="case")
    story.quarantine("2013-01")
    story.ledger.batches.land(
        story.enter("again"),
        "case",
        "2013-01",
        story.ledger.batches.list("case")[0].interval,
        {"rides": story.rows("x", 9)},
    )
    decision = story.decide(story.challenger(story.accept("2013-02"), story.accept("2013-03")), Verdict.REVIEW)
    assert (
        fleet(database, [], everything, "", 1, 9)[0][0].quarantined,
        fleet(database, [], everything, "", 1, 9)[0][0].reviews,
    ) == (0, 1)
    ledger.decisions.answer(decision.id, False, "Ada", "not good enough")
    assert fleet(database, [], everything, "", 1, 9)[0][0].reviews == 0


def test_the_fleet_is_searched_paged_and_hides_what_may_not_be_read(ledger, database) -> None:
    """Only readable names are counted; a page holds so many."""
    for name in ("one", "two", "three"):
        Story(ledger, name=name).accept()
    standings, total, _ = fleet(database, ["four"], lambda names: names - {"two"}, "", 2, 2)
    assert ([each.use_case for each in standings], total) == (["three"], 3)
    assert [each.use_case for each in fleet(database, [], everything, "TH", 1, 9)[0]] == ["three"]
    assert fleet(database, [], everything, "", 1, 9, Attention.NOTHING)[:2] == ([], 0)
    for sort in SORTS:
        looks, count, _ = fleet(database, [], everything, "", 1, 9, Attention.LOOK, sort)
        assert (len(looks), [each.need for each in looks]) == (count, [Attention.LOOK] * count)


def test_a_sparkline_has_the_newest_measured_values(ledger, database) -> None:
    """Oldest first, at most so many, of the metric that was measured last."""
    story = Story(ledger, name="case")
    keys = [f"201{year}-{month:02}" for year in (2, 3) for month in range(1, 9)]
    for number, key in enumerate(keys):
        watched(story, key, number / 10)
    standing = fleet(database, [], everything, "", 1, 9)[0][0]
    assert [key for key, *_ in standing.points] == keys[-MEASURED:]
    assert standing.metric == "log_loss"


def test_a_use_case_shows_its_newest_batches_and_what_came_of_them(ledger, database) -> None:
    """Batches oldest first, requests with their decision, champions newest first; no more than asked for."""
    story = Story(ledger, name="case")
    story.tell()
    view = use_case_view(database, "case")
    assert [batch["key"] for batch in view.batches] == ["2013-01", "2013-02", "2013-03", "2013-04"]
    assert (view.requests[0]["verdict"], view.champion["version"], view.newest["key"]) == ("PROMOTE", 1, "2013-03")
    assert [batch["key"] for batch in use_case_view(database, "case", 2).batches] == ["2013-03", "2013-04"]
    assert use_case_view(database, "nobody").batches == []


def test_a_decision_knows_what_stands_around_it(ledger, database) -> None:
    """Model, data with row counts, promotions, what it scored, and every line of the audit log about it."""
    story = Story(ledger, name="case")
    story.tell()
    decision = ledger.decisions.list("case")[0]
    view = decision_view(database, decision.id)
    assert view.decision == decision
    assert [(each["part"], each["key"], each["rows"]) for each in view.batches] == [
        ("training", "2013-01", 9),
        ("holdout", "2013-02", 9),
    ]
    assert (view.served["batches"], view.serves) == (1, True)
    kinds = [line["kind"] for line in view.audit_log]
    assert kinds == ["request.opened", "request.claimed", "training_set.recorded", "candidate.recorded", "model.registered",
                     "decision.made", "champion.changed", "request.decided"]  # fmt: skip
    with pytest.raises(RecordNotFoundError):
        decision_view(database, "f" * 64)


def test_a_batch_leads_to_its_decisions_and_back(ledger, database) -> None:
    """Its tables, acts and the decisions that it was trained on or held out for."""
    story = Story(ledger, name="case")
    story.tell()
    view = batch_view(database, BatchId("case", "2013-01", 1))
    assert [(each["version"], each["part"]) for each in view.decisions] == [(1, "training")]
    assert view.file("rides").rows == 1
    assert view.file("nothing") is None
    whole = batch_view(database, BatchId("case", "2013-04", 1))
    assert (whole.row["reason"], whole.file("rides").rows) == ("too few rows", 10)
    with pytest.raises(RecordNotFoundError):
        batch_view(database, BatchId("case", "2013-01", 2))


def test_lists_are_sorted_and_paged(ledger, database) -> None:
    """Each batch and each decision is on exactly one page, in the order that was asked for."""
    story = Story(ledger, name="case")
    for month in range(1, 7):
        story.accept(f"2013-{month:02}")
    story.quarantine("2013-07")
    newest = [f"2013-{month:02}" for month in range(7, 0, -1)]
    for sort in ("", "batch", "nonsense; DROP TABLE batches"):
        pages = [batches_of(database, "case", ListFilter(sort=sort, page=page, size=3)) for page in (1, 2, 3)]
        assert [row["key"] for found, _ in pages for row in found] == newest
        assert [more for _, more in pages] == [True, True, False]
    fewest, _ = batches_of(database, "case", ListFilter(sort="accepted", ascending=True))
    assert (fewest[0]["key"], fewest[0]["rows"], len(fewest)) == ("2013-07", None, 7)
    decision = story.decide(story.challenger(*story.ledger.batches.list("case")[:2]))
    for sort in ("made", "version", "verdict", "champion"):
        assert [row["id"] for row in decisions_of(database, "case", ListFilter(sort=sort))[0]] == [decision.id]
    assert decisions_of(database, "case", ListFilter(only="BLOCK")) == ([], False)


def test_views_only_read(ledger, database) -> None:
    """A view needs nothing but snapshots, and a snapshot cannot write."""
    Story(ledger, name="case").accept()
    reader = SimpleNamespace(snapshot=database.snapshot)
    assert fleet(reader, [], everything, "", 1, 9)[1] == 1
    assert len(use_case_view(reader, "case").batches) == 1
    with pytest.raises(Exception, match="read-only"), database.snapshot() as rows:
        rows.run("INSERT INTO task_attempts (task_key, fencing_token) VALUES ('x', 1)")
