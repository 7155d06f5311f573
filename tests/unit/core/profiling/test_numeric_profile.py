"""The profile of a numeric column."""

from __future__ import annotations

import json
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.profiling.grid_counts import LONG, count_on_grid, of_sorted
from gatehouse.core.profiling.numeric import GRID, NumericProfile, grid
from gatehouse.errors import SchemaMismatchError

number = st.one_of(
    st.integers(-5, 5).map(float), st.floats(-1e6, 1e6), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0])
)
column = st.lists(number, max_size=60).map(lambda values: np.array(values, dtype=np.float64))


def counts(profile: NumericProfile) -> tuple[object, ...]:
    """Everything that must be exact."""
    exact = (profile.rows, profile.nulls, profile.infinite, profile.moments.count, tuple(profile.cells))
    return (*exact, np.nan_to_num(profile.minimum), np.nan_to_num(profile.maximum))


@given(column, column, column)
def test_partitions_merge_to_the_whole(
    reference: NDArray[np.float64], one: NDArray[np.float64], two: NDArray[np.float64]
) -> None:
    """Profiles of two partitions merge to the profile of the whole: counts exactly, moments up to rounding."""
    edges = NumericProfile.of(reference).edges
    merged = NumericProfile.of(one, edges).merge(NumericProfile.of(two, edges))
    whole = NumericProfile.of(np.concatenate([one, two]), edges)
    assert counts(merged) == counts(whole)
    np.testing.assert_allclose(merged.moments.mean, whole.moments.mean, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(merged.moments.m2, whole.moments.m2, rtol=1e-9, atol=1e-3)
    np.testing.assert_allclose(merged.excess, whole.excess, rtol=1e-9, atol=1e-6)


@given(column, column)
def test_every_row_is_counted_once(reference: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """Each value is a null, an infinity or in exactly one cell; the cells agree with counting value by value."""
    profile = NumericProfile.of(values, NumericProfile.of(reference).edges)
    finite = values[np.isfinite(values)]
    assert profile.nulls + sum(profile.infinite) + profile.cells.sum() == profile.rows == len(values)
    assert [profile.cells[2 * i + 1] for i in range(len(profile.edges))] == [(finite == e).sum() for e in profile.edges]
    if len(profile.edges):
        assert profile.cells[0] == (finite < profile.edges[0]).sum()
        assert profile.cells[-1] == (finite > profile.edges[-1]).sum()


@given(column)
def test_documents_survive_json(values: NDArray[np.float64]) -> None:
    """A profile read back from JSON is the one that was written."""
    document = json.loads(canonical(NumericProfile.of(values).to_document()))
    assert canonical(NumericProfile.from_document(document).to_document()) == canonical(document)


def test_moments_of_a_large_offset_keep_their_variance() -> None:
    """Merging does not cancel: a variance of 1 around 1e9 stays 1."""
    values = np.random.default_rng(0).normal(1e9, 1, 2000)
    merged = NumericProfile.of(values[:700], values[:1]).merge(NumericProfile.of(values[700:], values[:1]))
    assert merged.moments.std == pytest.approx(values.std(), rel=1e-6)


def test_few_distinct_values_are_held_exactly() -> None:
    """A column of at most 1,024 distinct values has each of them as an edge, and nothing in between."""
    profile = NumericProfile.of(np.random.default_rng(0).integers(0, GRID, 50_000).astype(float))
    assert len(profile.edges) == GRID
    assert profile.cells[::2].sum() == 0


@pytest.mark.parametrize("rows", [1025, 2000, 10_007, 200_000])
def test_between_two_edges_lies_less_than_a_thousandth(rows: int) -> None:
    """At most 1/1023 of the reference lies between two edges, ties or not: the error bound of Kolmogorov-Smirnov."""
    generator = np.random.default_rng(rows)
    values = np.where(generator.random(rows) < 0.4, 0.0, generator.lognormal(size=rows))
    profile = NumericProfile.of(values)
    assert len(profile.edges) <= GRID
    assert profile.cells[::2].max() / rows < 1 / (GRID - 1)
    assert profile.cells[0] == profile.cells[-1] == 0


def test_a_column_stays_within_64_kib() -> None:
    """The document of the worst column, distinct values by the hundred million, stays below 64 KiB."""
    profile = NumericProfile.of(-np.random.default_rng(0).random(30_000) * 1e-7)
    large = NumericProfile.from_document({**profile.to_document(), "cells": [123_456_789] * len(profile.cells)})
    assert len(canonical(large.to_document())) <= 64 * 1024


@pytest.mark.parametrize("values", [[], [np.nan], [np.nan, np.inf]])
def test_no_finite_value_makes_an_empty_grid(values: list[float]) -> None:
    """Empty and all-null columns have no edges and no moments, and do not warn."""
    profile = NumericProfile.of(np.array(values, dtype=np.float64))
    assert (profile.values, len(profile.edges), list(profile.cells)) == (0, 0, [0])
    assert np.isnan([profile.moments.mean, profile.moments.std, profile.minimum, profile.maximum]).all()


def test_one_row_and_a_constant_have_one_edge() -> None:
    """One value, or one value many times, is one edge with no spread."""
    for values in (np.array([7.0]), np.full(5000, 7.0)):
        profile = NumericProfile.of(values)
        assert (list(profile.edges), profile.moments.std, profile.minimum) == ([7.0], 0.0, 7.0)


def test_different_grids_do_not_merge() -> None:
    """Merging profiles on different grids is refused by name."""
    with pytest.raises(SchemaMismatchError, match="different grids"):
        NumericProfile.of(np.array([1.0])).merge(NumericProfile.of(np.array([2.0])))


def test_the_grid_is_made_of_the_columns_own_values() -> None:
    """Edges are values of the reference, the extremes among them."""
    values = np.sort(np.random.default_rng(0).normal(size=5000))
    edges = grid(values)
    assert set(edges) <= set(values)
    assert (edges[0], edges[-1]) == (values[0], values[-1])


LONGS = {
    "normal": lambda g: g.normal(size=60_000),
    "heavy tails": lambda g: g.standard_cauchy(60_000),
    "a wide range": lambda g: np.exp(g.uniform(-600, 600, 60_000)),
    "huge": lambda g: g.normal(size=60_000) * 1e308,
    "tiny": lambda g: g.normal(size=60_000) * 5e-324,
    "ties": lambda g: np.where(g.random(60_000) < 0.5, 0.25, g.normal(size=60_000)),
    "few values": lambda g: g.choice([0.1, 0.2, 1e9], 60_000),
    "whole numbers": lambda g: g.integers(-40, 3000, 60_000).astype(float),
    "nearly whole numbers": lambda g: np.nextafter(
        np.floor(g.uniform(-40, 3000, 60_000)), g.choice([0.0, 3.0], 60_000)
    ),
    "large whole numbers": lambda g: g.integers(2**52 - 9, 2**52 + 9, 60_000).astype(float),
    "spread whole numbers": lambda g: g.integers(-(2**40), 2**40, 60_000).astype(float),
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", LONGS)
def test_a_long_column_is_counted_as_a_sorted_one(name: str, seed: int) -> None:
    """Value by value, in buckets or sorted: the same counts, also of values beside, below and above every edge."""
    generator = np.random.default_rng(seed)
    edges = NumericProfile.of(LONGS[name](np.random.default_rng(seed + 10))).edges
    beside = np.concatenate([edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)])
    values = generator.permutation(np.concatenate([LONGS[name](generator), beside[np.isfinite(beside)]]))
    assert list(count_on_grid(values, edges)) == list(of_sorted(np.sort(values), edges))


@pytest.mark.parametrize("name", LONGS)
def test_a_long_column_has_the_profile_of_its_short_parts(name: str) -> None:
    """A column is counted in pieces from 50,000 values on; nulls, infinities and a piece without any value change nothing,
    nor does a piece of whole numbers among others."""
    generator = np.random.default_rng(3)
    edges = NumericProfile.of(LONGS[name](np.random.default_rng(13))).edges
    values = np.concatenate(
        [LONGS[name](generator), np.full(70_000, np.nan), LONGS[name](generator), np.arange(70_000.0)]
    )
    values[generator.integers(0, len(values), 5_000)] = np.nan
    values[generator.integers(0, len(values), 50)] = [np.inf, -np.inf] * 25
    parts = [NumericProfile.of(part, edges) for part in np.array_split(values, 8)]
    assert max(len(part) for part in np.array_split(values, 8)) < LONG
    merged, whole = reduce(NumericProfile.merge, parts), NumericProfile.of(values, edges)
    assert counts(merged) == counts(whole)
    for one, other in ((merged.moments.mean, whole.moments.mean), (merged.moments.m2, whole.moments.m2)):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    np.testing.assert_allclose(merged.excess, whole.excess, rtol=1e-9)
