"""The newest change of level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.statistics.changepoint import newest_change


def series(seed: int, *levels: float, each: int = 30) -> np.ndarray:
    """Blocks of `each` values around levels."""
    random = np.random.default_rng(seed)
    return np.concatenate([level + random.normal(0, 0.5, each) for level in levels])


@pytest.mark.parametrize("seed", range(5))
def test_the_newest_of_two_changes_is_found(seed: int) -> None:
    """A clear step is placed within two units of where it is; of two steps the newer one counts."""
    assert newest_change(series(seed, 0, 1), np.ones(60)) == pytest.approx(30, abs=2)
    assert newest_change(series(seed, 0, 2, 0), np.ones(90)) == pytest.approx(60, abs=4)


def test_a_series_without_change_has_none() -> None:
    """Of two hundred quiet series, at most twice the stated level show a change."""
    found = [newest_change(series(seed, 0), np.ones(30), seed) is not None for seed in range(200)]
    assert np.mean(found) <= 0.02


@settings(max_examples=30)
@given(st.integers(0, 7), st.floats(-5, 5))
def test_too_short_or_constant_has_none(length: int, level: float) -> None:
    """Fewer than two times four units, and a constant, never change."""
    assert newest_change(np.full(length, level), np.ones(length)) is None
    assert newest_change(np.full(40, level), np.ones(40)) is None
