"""The sentences that end `use-case new --from`."""

from __future__ import annotations

from typing import Any

from gatehouse.cli.from_data import sentences


def result(**changed: Any) -> dict[str, Any]:
    """A backtest of two batches, one of them measured."""
    lines = [
        {"key": "2024-01", "champion": None, "metric": None, "decisions": [], "errors": []},
        {"key": "2024-02", "champion": 1, "metric": 0.5, "decisions": [], "errors": []},
    ]
    totals = {"batches": 2, "rows": 1200, "quarantined": 3, "trainings": 1, "verdicts": {"PROMOTE": 1}, "errors": 0}
    return {"lines": lines, "totals": totals, "metric": "log_loss", "advice": "", **changed}


def test_they_name_the_metric_in_words_and_what_would_do_better() -> None:
    """Batches, champion and trainings; the advice is the last one where there is any."""
    first, champion, trainings = sentences(result())
    assert first == "2 batches with 1,200 rows; 3 rows are in quarantine."
    assert champion == "A champion serves from batch 2024-02 on; its log loss is 0.5 on average over 1 measured batch."
    assert trainings == "1 training; decisions: 1 PROMOTE; 0 errors."
    lines = [{**line, "metric": None} for line in result()["lines"]]
    assert sentences(result(lines=lines))[1] == "A champion serves from batch 2024-02 on; nothing is measured yet."
    assert sentences(result(advice="Train before every batch."))[-1] == "Train before every batch."
