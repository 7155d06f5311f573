"""A batch's line of `gatehouse backtest`, as a person reads it."""

from __future__ import annotations

from gatehouse.backtest.history import BatchSummary
from gatehouse.cli.backtest_table import HEADINGS, _cells, contract_sentences


def line(**more) -> dict[str, object]:
    """The cells by their headings."""
    return dict(zip(HEADINGS, _cells(BatchSummary("2020-01", **more)), strict=True))


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


def test_expectations_that_are_not_met_are_counted_in_the_table_and_told_below() -> None:
    """By severity in the batch's line; below it once for all batches, with rows, examples and the reason."""
    unmet = {"table": "rows", "expect": "expect_column_values_to_be_between", "severity": "warning", "success": False}
    unmet |= {"args": {"column": "amount", "min_value": 0}, "because": "a fare", "checked": 40, "unexpected": 3}
    unmet |= {"detail": "for example -4", "row_level": True}
    why = {"table": "rows", "reason": "amount is infinite", "count": 1, "first": [17]}
    lines = [BatchSummary(f"2020-0{month}", "accepted", 40, 1, failed=(unmet,)) for month in (1, 2)]
    lines.append(
        BatchSummary("2020-03", "accepted", 40, 1, failed=({**unmet, "severity": "critical"}, unmet), bad_rows=(why,))
    )
    assert line(state="accepted", rows=40, quarantined=1, failed=lines[2].failed)["not met"] == "1 critical, 1 warning"
    assert contract_sentences(lines) == [
        "warning: rows: expect_column_values_to_be_between(amount) is not met in 3 batches (2020-01, 2020-02, 2020-03): "
        "9 of 120 rows; for example -4 (a fare)",
        "critical: rows: expect_column_values_to_be_between(amount) is not met in 2020-03: 3 of 40 rows; for example -4 "
        "(a fare)",
        "quarantined: 1 row of table rows in 2020-03 (first: row 17): amount is infinite",
    ]


def test_a_batch_without_scores_says_so_beside_the_champion() -> None:
    """There was a champion, and it could not take the batch."""
    assert (
        line(state="accepted", rows=5, quarantined=0, champion_after=2, unscored=True)["champion"] == "v2, not scored"
    )


def test_cells_that_cannot_be_read_are_one_line_for_all_their_values() -> None:
    """A column that is wrong in a thousand rows fills no screen: the first value stands for the others."""
    cells = [{"table": "rows", "count": 1, "first": [row], "reason": f"column 'at': found '{row}'; declared: timestamp"}
             for row in range(20)]  # fmt: skip
    rest = {"table": "rows", "count": 30, "first": [], "reason": "3 other reasons"}
    assert contract_sentences([BatchSummary("2020-01", "quarantined", 50, 50, bad_rows=(*cells, rest))]) == [
        "quarantined: 20 rows of table rows in 2020-01 (first: row 0): column 'at': found '0'; declared: timestamp",
        "quarantined: 30 rows of table rows in 2020-01: 3 other reasons",
    ]
