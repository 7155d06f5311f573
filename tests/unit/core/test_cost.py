"""What staying stale costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.config.triggers import CostReason
from gatehouse.core.retraining.cost_benefit import excess_loss, retraining_cost

REASON = CostReason(loss_value_per_1000_rows=1000.0, training=50.0, review=20.0, horizon=3)


def month(seed: int, shift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, scores and days; the scores' log odds are off by `shift`."""
    random = np.random.default_rng(seed)
    days = np.repeat(np.arange(30), 100)
    odds = random.normal(size=3000)
    labels = (random.uniform(size=3000) < 1 / (1 + np.exp(-odds))).astype("float64")
    return labels, 1 / (1 + np.exp(-(odds + shift))), days


def test_scores_that_are_off_have_an_excess_and_right_ones_none() -> None:
    """What one shift wins back: about shift^2 / 2 x p (1 - p) of log loss, and nothing on average without one."""
    off = np.mean([excess_loss(*month(seed, 0.6), "log_loss") for seed in range(20)])
    right = np.mean([excess_loss(*month(seed, 0.0), "log_loss") for seed in range(20)])
    assert off == pytest.approx(0.6**2 / 2 * 0.2, rel=0.15)
    assert abs(right) < 0.001


def test_a_number_that_is_off_is_shifted_too() -> None:
    """For a regression the shift is of the number: all of a constant error is won back."""
    labels, _, days = month(1, 0.0)
    assert excess_loss(labels, labels + 3.0, days, "mae") == pytest.approx(3.0)


def test_too_few_blocks_have_no_excess() -> None:
    """One block cannot be fitted on and measured on; NaN costs nothing."""
    labels, scores, days = month(1, 0.6)
    assert np.isnan(excess_loss(labels, scores, np.zeros_like(days), "log_loss"))
    assert retraining_cost(REASON, float("nan"), 1000).stale == 0.0


def test_the_three_numbers_are_shown() -> None:
    """The sentence has what staying stale, training and review cost."""
    cost = retraining_cost(REASON, 0.02, 28_000)
    assert cost.stale == pytest.approx(0.02 * 28 * 1000 * 3)
    assert all(number in cost.sentence for number in ("1,680", "50", "20", "28,000"))
    assert cost.pays


@given(st.floats(-1, 1), st.integers(0, 10**6))
def test_it_pays_exactly_when_stale_exceeds_training_and_review(excess: float, rows: int) -> None:
    """No gain, or none that pays, is no reason; more rows or more excess never make it pay less."""
    cost = retraining_cost(REASON, excess, rows)
    assert cost.pays == (cost.stale > 70.0)
    assert cost.stale >= 0
    assert retraining_cost(REASON, excess, rows + 1).stale >= cost.stale
