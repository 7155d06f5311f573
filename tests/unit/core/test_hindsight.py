"""The best moments to have retrained."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.retraining.optimal_schedule import optimal_schedule


def total(losses: np.ndarray, starts: list[int], way: tuple[int, ...]) -> float:
    """The sum of losses when these models serve one after the other."""
    ends = [*(starts[model] for model in way[1:]), losses.shape[1]]
    return sum(
        losses[model, batch]
        for model, begin, end in zip(way, (starts[m] for m in way), ends, strict=True)
        for batch in range(begin, end)
    )


@given(st.integers(0, 4), st.integers(1, 6), st.integers(0, 3), st.integers(0, 10_000))
def test_it_is_the_best_of_all_ways(models: int, batches: int, changes: int, seed: int) -> None:
    """Dynamic programming finds what trying every way finds."""
    random = np.random.default_rng(seed)
    losses = random.uniform(size=(models + 1, batches))
    starts = [0, *sorted(random.integers(0, batches, models).tolist())]
    ways = [(0, *way) for n in range(changes + 1) for way in combinations(range(1, models + 1), n)]
    found = optimal_schedule(losses, starts, changes)
    assert total(losses, starts, found) == pytest.approx(min(total(losses, starts, way) for way in ways))


def test_a_price_and_an_undefined_batch() -> None:
    """A change that saves less than its price is not made; a batch that one model leaves undefined counts for none."""
    losses = np.array([[1.0, 1.0, 1.0], [9.0, 0.8, 0.8]])
    assert optimal_schedule(losses, [0, 1], 1) == (0, 1)
    assert optimal_schedule(losses, [0, 1], 1, price=0.5) == (0,)
    undefined = np.array([[1.0, 1.0, 1.0], [9.0, np.nan, 2.0]])
    assert optimal_schedule(undefined, [0, 1], 1) == (0,)
