"""The candidates of a training on a decision's page: the challenger first, and each other one with why it is not."""

from __future__ import annotations

import sys

from gatehouse.settings import ROOT


def test_each_candidate_says_why_it_lost() -> None:
    """The nearest first, a failed one last with its reason; the metric that chose stands first."""
    sys.path.insert(0, str(ROOT / "plugins"))
    from gatehouse_ui.candidate_rows import candidate_rows, shown_metrics

    sys.path.pop(0)
    found = [
        {"name": "broken", "metrics": {}, "reason": "it predicts no number", "run_id": ""},
        {"name": "far", "metrics": {"brier": 0.3, "log_loss": 0.9}, "reason": "", "run_id": "f"},
        {"name": "near", "metrics": {"brier": 0.2, "log_loss": 0.5}, "reason": "", "run_id": "n"},
        {"name": "best", "metrics": {"brier": 0.1, "log_loss": 0.4}, "reason": "", "run_id": "b"},
    ]
    rows = candidate_rows(found, "best", "log_loss")
    assert [(row.name, row.came) for row in rows] == [
        ("best", "challenger"),
        ("near", "lost"),
        ("far", "lost"),
        ("broken", "failed"),
    ]
    assert [row.reason for row in rows[1:]] == [
        "log loss 0.5; best had 0.4",
        "log loss 0.9; best had 0.4",
        "it predicts no number",
    ]
    assert shown_metrics(rows, "log_loss", "log_loss") == ["log_loss", "brier"]
