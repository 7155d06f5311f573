"""The page of a backtest: its headline says what retraining was worth, if there was any."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gatehouse.reports.backtest import backtest_report


def page(trainings: int, policy: float | None, never: float | None) -> str:
    """The page of a backtest without batches whose ways have these means."""
    totals = {
        "batches": 0,
        "rows": 0,
        "quarantined": 0,
        "compared": [],
        "trainings": trainings,
        "reinstated": 0,
        "alarms": 0,
    }
    totals |= {"reviews": 0, "errors": 0, "verdicts": {}, "means": {"policy": policy, "never": never}}
    ways = [{"name": name, "says": "", "metrics": {}, "trainings": 1} for name in ("policy", "never")]
    document: dict[str, Any] = {"use_case": "rides", "title": "Rides", "metric": "log_loss", "reviews": "nobody"}
    policies = {"retrain": "0" * 64, "gate": "0" * 64}
    return backtest_report(
        {**document, "policies": policies, "lines": [], "ways": ways, "totals": totals, "errors": []}
    )


@pytest.mark.parametrize(
    ("trainings", "policy", "never", "says"),
    [
        (3, 0.50, 0.52, "Retraining saved 0.02 of log loss"),
        (3, 0.52, 0.50, "Retraining cost 0.02 of log loss"),
        (1, 0.50, 0.50, "Never retrained"),
        (0, None, None, "Nothing to compare"),
    ],
)
def test_the_headline_says_what_retraining_was_worth(
    trainings: int, policy: float | None, never: float | None, says: str
) -> None:
    """A gain, a loss, nothing retrained, nothing to compare: never a gain of nothing."""
    assert says in re.sub(r"\s+", " ", page(trainings, policy, never))
