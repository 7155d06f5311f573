"""Two profiles of one column on shared bins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.profiling import CategoricalProfile, NumericProfile, profile_of
from gatehouse.core.profiling.histogram import BARS, BINS, OTHER, histogram, quantiles, unseen

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80)


def column(values: Any, like: Any = None) -> Any:
    """The profile of one column, on its own grid or on another's."""
    grid = profile_of({"x": np.asarray(like)}) if like is not None else None
    return profile_of({"x": np.asarray(values)}, grid).columns["x"]


@given(VALUES, VALUES, VALUES)
def test_each_side_is_a_distribution(reference: list[float], batch: list[float], grid: list[float]) -> None:
    """Whatever the values and grids, the shares of a side are from 0 to 1 and add up to 1."""
    found = histogram(column(reference), column(batch, grid))
    assert found is not None
    for side in (found.reference, found.batch):
        assert len(side) == len(found.names) <= BINS + 2
        assert all(-1e-12 <= share <= 1 + 1e-12 for share in side)
        assert sum(side) == pytest.approx(1)


@pytest.mark.parametrize(
    "values",
    [
        np.where(np.arange(10_000) % 400 == 7, np.linspace(-300, 500, 10_000), 0.0),
        np.where(np.arange(10_000) % 400 == 7, np.linspace(-0.3, 0.5, 10_000), 12.25),
        np.linspace(1_000_000.0001, 1_000_000.0002, 500),
        np.random.default_rng(3).lognormal(0, 5, 5_000),
    ],
    ids=["zeros and a few others", "one number and a few others", "a narrow range far from zero", "a long tail"],
)
def test_each_bin_has_a_name_and_a_place_of_its_own(values: Any) -> None:
    """No two bins read the same or lie at the same place, and what is rare stays in sight."""
    found = histogram(column(values), column(values[::3], values))
    assert found is not None
    assert len(set(found.names)) == len(found.names) > 1
    assert (np.diff(found.edges) > 0).all()


def test_whole_numbers_have_bins_of_their_own() -> None:
    """A new highest value is drawn at itself, not smeared between its neighbours."""
    found = histogram(column(np.repeat(np.arange(30.0), 10)), column(np.append(np.arange(30.0), 31), np.arange(30.0)))
    assert found is not None
    assert found.names[:2] == ("0 to 1", "2 to 3")
    assert found.batch[-1] == pytest.approx(2 / 31, abs=1 / 31)


def test_few_values_are_bars() -> None:
    """A column of two values has two bars with exact shares."""
    found = histogram(column([0.0, 1, 1, 1]), column([0.0, 1], [0.0, 1.0]))
    assert found is not None
    assert found.rows == [("0", 0.25, 0.5), ("1", 0.75, 0.5)]


def test_new_categories_are_shown_by_name() -> None:
    """A category that the reference does not hold has its bar even among many; a common name is no special one."""
    many = [f"name {number:02}" for number in range(40)]
    reference = CategoricalProfile.of({**dict.fromkeys(many, 10), OTHER: 500}, 0)
    batch = CategoricalProfile.of({**dict.fromkeys(many, 10), "new": 30}, 5, tuple(many))
    found = histogram(reference, batch)
    assert found is not None
    assert len(found.names) == BARS
    assert {"new", OTHER} <= set(found.names[: BARS - 1])
    assert sum(found.batch) == pytest.approx(1)
    assert unseen(reference, batch) == {"new": 30}


def test_what_cannot_be_compared_is_not_drawn() -> None:
    """No values, or a number against a text, give no histogram; one side alone does."""
    assert histogram(None, None) is None
    assert histogram(column([1.0]), CategoricalProfile.of({"a": 1}, 0)) is None
    alone = histogram(None, column([1.0, 2.0]))
    assert alone is not None
    assert (alone.reference, alone.batch) == ((), (0.5, 0.5))


@given(VALUES)
def test_quantiles_rise_within_the_extremes(values: list[float]) -> None:
    """The quantiles of a profile lie between its extremes and never fall."""
    profile = column(values)
    assert isinstance(profile, NumericProfile)
    found = quantiles(profile, (0, 0.05, 0.5, 0.95, 1))
    assert found == sorted(found)
    assert (found[0], found[-1]) == (min(values), max(values))
