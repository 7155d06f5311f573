"""Incidents on a use case's page: what is open stands first, what is over is folded away, nothing from data is markup."""

from __future__ import annotations

from gatehouse.core.performance.incidents import Incident
from gatehouse.core.types import Decision, MonitoringReport
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures


def test_open_incidents_stand_first_and_resolved_ones_are_folded(world: World) -> None:
    """Each with its consequences and the runbook's entry for its kind; a hostile sentence is text."""
    batch = world.story.accept("2013-01")
    paging = Incident(
        "data fault", ("rides.fare",), "2013-01", "2013-01", 1, "<script>alert(1)</script>", True, ("scores moved",)
    )
    over = Incident(
        "covariate drift", ("rides.hour",), "2012-11", "2012-12", 2, "hours moved", False, resolved="2013-01"
    )
    body = {"champion": 1, "alarms": [], "drift": [], "incidents": [each.to_document() for each in (over, paging)]}
    report = MonitoringReport(batch.id, batch.interval.end, body)
    world.story.ledger.batches.watched(world.story.enter("watch"), report, {})
    page = world.client("viewer").get(f"/gatehouse/use-cases/{CASE}").text
    shown, _, folded = page.partition("incident resolved")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "scores moved" in shown
    assert "#alarm-data-fault" in shown
    assert "hours moved" not in shown
    assert " since 2012-11" in folded
    assert "resolved in 2013-01" in folded
    assert "hours moved" in folded


def opened(world: World, kind: str) -> Decision:
    """A decision to promote version 2, and then a report that opens an incident which pages somebody."""
    story = world.story
    story.tell()
    model = story.challenger(story.accept("2013-05"), story.accept("2013-06"))
    decision = story.decide(model, generation=1)
    story.close(story.ledger.requests.get(model.request))
    batch = story.accept("2013-07")
    gap = {"kind": "calibration", "subject": "gap", "sentence": "gap -2.1", "value": -2.1, "limit": 1.0, "more": {}}
    incident = Incident(kind, ("rides.fare",), "2013-07", "2013-07", 1, gap["sentence"], True)
    matured = {"batch": "2013-06", "metric": "rmse", "value": {}, "judged": [gap]}
    body = {"champion": 1, "alarms": [], "drift": [], "incidents": [incident.to_document()], "matured": matured}
    report = MonitoringReport(batch.id, batch.interval.end, body)
    story.ledger.batches.watched(story.enter("watch 7"), report, {})
    return decision


def test_an_alarm_whose_retraining_was_promoted_waits_for_proof(world: World) -> None:
    """A red card says what is off in the label's units, since when and where it was measured. It turns amber once a new
    champion serves, on the list and on the use case's page, with what has followed."""
    decision = opened(world, "concept drift")
    client = world.client("viewer")
    page = client.get(f"/gatehouse/use-cases/{CASE}").text
    assert '<strong class="bad">✗ needs a person</strong> concept drift' in page
    assert "<h3>Predictions are 2.1 too low on average; limit 1</h3>" in page
    assert f'<a href="/gatehouse/batches/{CASE}/2013-07.r1">batch 2013-07</a>' in page
    assert f'<a href="/gatehouse/batches/{CASE}/2013-06.r1">batch 2013-06.r1, version 1</a>' in page
    assert (
        f'class="bad" href="/gatehouse/use-cases/{CASE}/runbook#alarm-concept-drift"' in client.get("/gatehouse/").text
    )
    world.story.promote(decision)
    listed, page = client.get("/gatehouse/").text, client.get(f"/gatehouse/use-cases/{CASE}").text
    for html in (listed, page):
        assert "Version 2 became the champion since." in html
        assert '<strong class="warn">! handled, waiting for proof</strong>' in html
        assert f'<a href="/gatehouse/decisions/{decision.id}">Version 2 serves by decision</a>' in html
    assert "concept drift since 2013-07, waiting for proof" in listed
    assert "needs a person" not in page.partition("<main")[2]


def test_a_data_fault_needs_a_person_whatever_serves(world: World) -> None:
    """A new champion repairs no column: the incident stays red."""
    world.story.promote(opened(world, "data fault"))
    html = world.client("viewer").get("/gatehouse/").text
    assert "runbook#alarm-data-fault" in html
    assert "handled, waiting for proof" not in html
    assert "Ask the source for a corrected delivery." in html
