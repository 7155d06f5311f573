"""The walk's lines: a batch in words."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.types import Batch, BatchId, BatchState, FileRef, MonitoringReport, TableFiles
from gatehouse.dev_stack.demo import line_of


def line(body: dict[str, Any]) -> str:
    """The line of a batch that was watched with this report."""
    id, file = BatchId("rides", "2024-02", 1), FileRef("a", "b", 1, 1200)
    batch = Batch(id, batch_interval("month", id.key), BatchState.ACCEPTED, "", {"rows": TableFiles(file, file)})
    report = MonitoringReport(id, datetime(2024, 3, 1, tzinfo=UTC), body)
    ledger = SimpleNamespace(
        batches=SimpleNamespace(list=lambda _: [batch], watches=lambda _: [report]),
        requests=SimpleNamespace(list=lambda _: []),
        models=SimpleNamespace(promotions=lambda _: []),
    )
    ctx: Any = SimpleNamespace(name="rides", ledger=ledger)
    return str(line_of(ctx, id.key))


def test_what_changed_is_told_apart_from_what_alarms() -> None:
    """Columns beyond their limits are counted, those whose change costs something apart; the gap says whether it alarms."""
    drift = [{"state": state} for state in ("quiet", "changed", "changed", "alarm")]
    judged = [{"kind": "calibration", "value": -0.0644}]
    alarms = [{"kind": "drift"}, {"kind": "calibration"}]
    told = line({"champion": 3, "drift": drift, "alarms": alarms, "matured": {"judged": judged}})
    assert "rows 1,200  quarantined 0  drift 3 changed, 1 alarms  decay gap -0.064 !" in told
    assert told.endswith("champion v3")


def test_without_a_champion_nothing_is_judged() -> None:
    """The first batches are neither drifting nor decaying: there is nothing to compare them with."""
    assert "drift -  decay -  request -  verdict -  champion none" in line({"champion": None, "alarms": []})
