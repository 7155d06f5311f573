"""Incidents on a use case's page: what is open stands first, what is over is folded away, nothing from data is markup."""

from __future__ import annotations

from gatehouse.core.performance.incidents import Incident
from gatehouse.core.types import MonitoringReport
from plugins.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures


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
    shown, _, folded = page.partition("<details><summary>")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "scores moved" in shown
    assert "#alarm-data-fault" in shown
    assert "hours moved" not in shown
    assert "1 incident resolved since 2012-11" in folded
    assert "resolved in 2013-01" in folded
    assert "hours moved" in folded
