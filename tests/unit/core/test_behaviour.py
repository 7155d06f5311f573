"""Directions and changes of predictions, against loops over all pairs."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gatehouse.core.gate.perturbation_stats import changes, directions

GRID = arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(1, 5)), elements=st.integers(0, 4).map(float))


@given(GRID)
def test_shares_are_those_of_a_loop_over_pairs(predictions):
    """Of all pairs of values of every row, how many rise and how many fall, and by how much at most."""
    steps = [row[b] - row[a] for row in predictions.T for a, b in combinations(range(len(row)), 2)]
    found = directions(predictions)
    assert found["rising"] == pytest.approx(np.mean([step > 0 for step in steps]))
    assert found["falling"] == pytest.approx(np.mean([step < 0 for step in steps]))
    assert found["largest_rising"] == max(0.0, *steps)
    assert found["largest_falling"] == max(0.0, *(-step for step in steps))


@given(GRID)
def test_turning_the_values_round_turns_the_directions(predictions):
    """What rises one way falls the other way."""
    there, back = directions(predictions), directions(predictions[::-1])
    assert (there["rising"], there["falling"]) == (back["falling"], back["rising"])


def test_the_last_digits_of_a_sum_are_no_direction():
    """Steps below 1e-9 count neither way."""
    assert directions(np.array([[0.5], [0.5 + 1e-12]]))["rising"] == 0


@pytest.mark.parametrize("wrong", [np.zeros((1, 3)), np.zeros((2, 0)), np.array([[0.0], [math.nan]])])
def test_without_two_values_or_with_nan_nothing_is_known(wrong):
    """NaN, which no rule passes."""
    assert all(math.isnan(value) for value in directions(wrong).values())


@given(arrays(np.float64, (3, 4), elements=st.floats(0, 1)))
def test_changes_are_the_worst_of_all_replacements(after):
    """The mean over rows of the worst replacement, and the largest of all rows."""
    before = np.full(4, 0.5)
    found = changes(before, after)
    assert found["mean_change"] == pytest.approx(max(abs(row - before).mean() for row in after))
    assert found["change"] == pytest.approx(abs(after - before).max())
    assert math.isnan(changes(before, np.full((1, 4), math.nan))["change"])
