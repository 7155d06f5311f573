"""The sequential test of a gain: valid whenever one looks, quick where the gain is large."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.statistics.sequential_test import chance_bound, evidence_of_gain, log_e_value, log_mean


@pytest.mark.parametrize(("mean", "blocks"), [(0.0, 6), (0.0, 30), (-0.3, 6)])
def test_without_a_gain_the_expected_evidence_is_at_most_one(mean: float, blocks: int) -> None:
    """An e-value has mean 1 or less when there is no gain, whatever the number of blocks (Monte Carlo error .1)."""
    random = np.random.default_rng(1)
    values = [exp(log_e_value(random.normal(mean, 1, blocks))) for _ in range(1500)]
    assert float(np.mean(values)) < 1.3


def test_over_a_whole_life_no_gain_is_seldom_found() -> None:
    """Of 150 lives of 20 batches without a gain, looked at after each, at most one in twenty crosses an error of .05."""
    random = np.random.default_rng(2)
    crossed = 0
    for _ in range(150):
        batches = [random.normal(0, 1, 10) for _ in range(20)]
        crossed += any(evidence_of_gain(batches[:end]).log_e >= log(20) for end in range(1, 21, 3))
    assert crossed <= 8


def test_a_large_gain_is_found_in_one_batch_and_a_small_one_in_several() -> None:
    """A gain of a standard deviation is found by one batch of thirty days; one of a third of it by some more."""
    random = np.random.default_rng(3)
    assert evidence_of_gain([random.normal(1, 1, 30)]).log_e > log(100)
    small = [random.normal(0.3, 1, 30) for _ in range(8)]
    assert evidence_of_gain(small[:1]).log_e < evidence_of_gain(small).log_e
    assert chance_bound(evidence_of_gain(small)) < 0.01


def test_a_gain_that_begins_late_is_not_watered_down() -> None:
    """After ten quiet batches the evidence comes from those since the change, and says since when."""
    random = np.random.default_rng(4)
    batches = [*(random.normal(0, 0.3, 30) for _ in range(10)), *(random.normal(1, 1, 30) for _ in range(2))]
    found = evidence_of_gain(batches)
    assert found.since >= 8
    assert found.log_e > log(20)


@given(st.lists(st.integers(-1000, 1000), max_size=40), st.floats(0.001, 1000))
def test_the_evidence_is_finite_and_has_no_unit(values: list[int], unit: float) -> None:
    """Any numbers give a finite value, and it does not depend on the unit they are in."""
    blocks = np.array(values, dtype=float)
    found = log_e_value(blocks)
    assert np.isfinite(found)
    assert log_e_value(blocks * unit) == pytest.approx(found, abs=1e-3)


def test_losses_are_never_evidence_of_a_gain() -> None:
    """The more an alternative loses, the less there is for it."""
    assert log_e_value(np.full(20, -1.0)) < log_e_value(np.zeros(20)) == 0.0 < log_e_value(np.full(20, 1.0))
    assert evidence_of_gain([]).log_e == 0.0


def test_alternatives_that_are_alike_seldom_ask_in_vain_together() -> None:
    """Of 60 lives of 8 batches with six alternatives that share their chance and gain nothing, few cross an error of .05."""
    random = np.random.default_rng(5)
    crossed = 0
    for _ in range(60):
        shared = [random.normal(0, 1, 10) for _ in range(8)]
        lives = [[batch + random.normal(0, 0.5, 10) for batch in shared] for _ in range(6)]
        crossed += any(log_mean([evidence_of_gain(life[:end]).log_e for life in lives]) >= log(20) for end in (2, 5, 8))
    assert crossed <= 4


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=12))
def test_the_mean_of_evidence_is_never_less_than_the_largest_by_number(logs: list[float]) -> None:
    """It lies between the largest divided by their number and the largest."""
    assert max(logs) - log(len(logs)) - 1e-9 <= log_mean(logs) <= max(logs) + 1e-9
