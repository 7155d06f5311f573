"""An alarm in a person's units: shares in points, a regression in its label's units, other metrics by their limit."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.core.performance.alarm_words import alarm_headline

GAP = {"kind": "calibration", "subject": "gap", "sentence": "gap", "value": -0.0968, "limit": 0.05, "more": {}}
LOSS = {"kind": "decay", "subject": "log_loss", "sentence": "loss", "value": 0.5234, "limit": 0.48, "more": {}}
NO_SKILL = {"kind": "no_skill", "subject": "roc_auc", "sentence": "skill", "value": 0.47, "limit": 0.5, "more": {}}


@pytest.mark.parametrize(
    ("judged", "task", "words"),
    [
        (GAP, "classification", "Predictions are 9.7 points too low; limit 5"),
        ({**GAP, "value": 2.31, "limit": 1}, "regression", "Predictions are 2.31 too high on average; limit 1"),
        ({**GAP, "more": {"class": "rain"}}, "", "Predictions of rain are 9.7 points too low; limit 5"),
        (LOSS, "", "Log loss is 0.523; limit 0.48"),
        (NO_SKILL, "", "Roc auc is 0.47; a model without skill reaches 0.5"),
        ({**GAP, "value": None}, "", "gap"),
    ],
)
def test_an_alarm_speaks_in_a_persons_units(judged: dict[str, Any], task: str, words: str) -> None:
    """What is off, by how much and what the limit is; the incident's sentence where a number is missing."""
    assert alarm_headline({"sentence": judged["sentence"]}, [judged], task) == words


def test_the_plainest_measure_of_an_incident_is_told() -> None:
    """The gap before the metric, of those that the incident is about; otherwise its own first clause."""
    both = {"sentence": "loss", "consequences": ["gap"]}
    assert alarm_headline(both, [LOSS, GAP]).startswith("Predictions are")
    assert alarm_headline({"sentence": "hour: mean 8 → 15; distance 0.3"}, [LOSS, GAP]) == "hour: mean 8 → 15"
