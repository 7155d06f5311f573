"""A mapping of columns is found however many there are: whole rotations, parts of them, and pairs."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.data_faults.column_mapping import _best, describe_mapping, find_column_mapping
from gatehouse.core.profiling import profile_of


def delivery(seed: int, columns: int, rows: int = 200) -> pd.DataFrame:
    """Columns of different levels and spreads, a little different in each delivery."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {f"c{n}": random.normal(10 * n + random.normal(0, 0.2), 1 + n % 3, rows) for n in range(columns)}
    )


def mapping_of(columns: int, wrong: dict[str, str]) -> dict[str, str]:
    """What is found when columns hold what others held."""
    right = delivery(99, columns)
    batch = right.assign(**{held: right[was] for held, was in wrong.items()})
    return find_column_mapping(
        [profile_of(delivery(seed, columns)) for seed in range(3)], profile_of(batch[list(wrong)])
    )


@pytest.mark.parametrize("columns", [6, 8, 20, 60])
def test_all_columns_rotated_are_found_at_any_number(columns: int) -> None:
    """Each column holds what the next one held: every one of them is named."""
    wrong = {f"c{n}": f"c{(n + 1) % columns}" for n in range(columns)}
    assert mapping_of(columns, wrong) == wrong
    assert "rotated" in describe_mapping(wrong)


def test_a_part_that_is_rotated_and_a_pair_that_is_swapped_are_both_found() -> None:
    """Seven columns in a cycle, two swapped, the others in their place."""
    wrong = {f"c{n}": f"c{(n + 1) % 7}" for n in range(7)} | {"c8": "c11", "c11": "c8"}
    assert mapping_of(14, wrong) == wrong


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.randoms(use_true_random=False))
def test_the_assignment_is_the_one_that_trying_every_order_finds(columns: int, random) -> None:
    """It explains as many columns, and fits as well, as the best of all orders."""
    group = [f"c{n}" for n in range(columns)]
    near = {(one, other): random.uniform(0, 2) for one in group for other in group if one != other}
    best = (0, 0.0)
    for order in permutations(group):
        pairs = [(held, was) for held, was in zip(group, order, strict=True) if held != was]
        if all(near[pair] <= 1 for pair in pairs):
            best = min(best, (-len(pairs), sum(near[pair] for pair in pairs)))
    found = _best(group, near)
    assert (-len(found), pytest.approx(sum(near[pair] for pair in found.items()))) == best
