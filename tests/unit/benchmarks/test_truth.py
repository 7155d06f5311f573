"""The truth that simulated pairs are held to is itself right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.pairs import Pairs

from gatehouse.core.statistics.metrics import evaluate

RUNS = 6


@pytest.mark.parametrize("within_day", [0.0, 1.0])
@pytest.mark.parametrize("metric", ["log_loss", "brier", "error_rate", "roc_auc", "mae", "rmse"])
def test_the_stated_truth_is_what_many_rows_come_to(metric, within_day):
    """Closed forms and integrals agree with six samples of 1,500 days, within their own scatter."""
    pairs, found = Pairs(metric, within_day), []
    for seed in range(RUNS):
        made = replace(pairs, days=1500).made(np.random.default_rng(seed))
        models = (made.challenger, made.champion)
        first, second = (evaluate(metric, made.labels, scores) for scores in models)
        found.append(first - second)
    assert abs(np.mean(found) - pairs.truth) < 5 * np.std(found, ddof=1) / RUNS**0.5
    assert abs(pairs.truth) > 0.005
