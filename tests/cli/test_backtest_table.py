"""A batch's line of `gatehouse backtest`, as a person reads it."""

from __future__ import annotations

from gatehouse.backtest.history import Line
from gatehouse.cli.backtest import HEADINGS, _cells


def line(**more) -> dict[str, object]:
    """The cells by their headings."""
    return dict(zip(HEADINGS, _cells(Line("2020-01", **more)), strict=True))


def test_alarms_are_told_with_kind_and_columns():
    """What pages, in the watch's words; a change that pages nobody is not among the alarms."""
    kinds = (
        {"kind": "covariate drift", "columns": ["flow", "rpm"], "page": True},
        {"kind": "concept drift", "columns": [], "page": True},
        {"kind": "seasonal", "columns": ["temp"], "page": False},
    )
    told = line(state="accepted", rows=5, quarantined=0, kinds=kinds, champion=1)
    assert (told["alarms"], told["champion"]) == ("covariate drift flow, rpm; concept drift", "v1")


def test_a_quarantined_batch_was_not_scored_and_the_champion_stays():
    """It has one in production, that never saw these rows."""
    told = line(state="quarantined", rows=5, quarantined=5, champion_after=3)
    assert (told["quarantined"], told["champion"], told["metric"]) == ("quarantined", "v3, not scored", "")
    assert line(state="quarantined", rows=5, quarantined=5)["champion"] == "none"


def test_what_matured_stands_beside_what_is_allowed():
    """The metric by its name, the gap of the calibration, and the money that a stale model costs: each with its limit."""
    judged = (
        {
            "kind": "decay",
            "subject": "log_loss",
            "value": 0.56821,
            "low": 0.49,
            "high": 0.652,
            "limit": 0.591,
            "state": "quiet",
        },
        {
            "kind": "calibration",
            "subject": "gap",
            "value": -0.0641,
            "low": -0.1,
            "high": -0.02,
            "limit": 0.05,
            "state": "alarm",
        },
        {"kind": "cost", "subject": "log_loss", "value": 3200.4, "limit": 1500.0, "state": "alarm"},
    )
    told = line(state="accepted", rows=5, quarantined=0, decay=judged, champion=1)["matured"]
    assert told == (
        "log_loss 0.568 (0.49 to 0.65; 0.591) quiet; calibration -0.064 (-0.10 to -0.02; 0.050) alarm; cost 3,200 (1,500) alarm"
    )
