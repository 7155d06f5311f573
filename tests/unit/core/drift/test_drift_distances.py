"""The distances between two profiles of a column."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import jensenshannon

from gatehouse.core.drift import all_distances, distances, measure_values, missing_distance
from gatehouse.core.drift.column_distance import positions, tenths
from gatehouse.core.profiling import NumericProfile, profile_of
from gatehouse.errors import SchemaMismatchError

counts = st.lists(st.integers(0, 50), min_size=2, max_size=30)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two columns of counts over the same cells, each with at least one row."""
    p = np.array(draw(counts))
    q = np.array(draw(st.lists(st.integers(0, 50), min_size=len(p), max_size=len(p))))
    p[0] += not p.any()
    q[-1] += not q.any()
    return p, q


def two(reference: NDArray[np.float64], batch: NDArray[np.float64]) -> tuple[NumericProfile, NumericProfile]:
    """The profiles of a reference and of a batch on its grid."""
    known = NumericProfile.of(reference)
    return known, NumericProfile.of(batch, known.edges)


@given(pairs())
def test_distances_agree_with_scipy_on_the_same_bins(pair: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
    """Jensen-Shannon and Wasserstein are scipy's, the stability index is the sum of both relative entropies."""
    p, q = pair
    where = np.sort(np.random.default_rng(0).normal(size=len(p)))
    assert distances.jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2), abs=1e-9, nan_ok=True) or (
        distances.jensen_shannon(p, q) < 1e-7 and (p / p.sum() == pytest.approx(q / q.sum()))
    )
    expected = stats.wasserstein_distance(where, where, p, q)
    assert distances.wasserstein(where, p, q) == pytest.approx(expected, abs=1e-9)
    held = p + q > 0
    a, b = (p + 0.5)[held], (q + 0.5)[held]
    assert distances.population_stability(p, q) == pytest.approx(stats.entropy(a, b) + stats.entropy(b, a), abs=1e-9)


@given(pairs())
def test_distances_are_distances(pair: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
    """Every distance is 0 between equals, symmetric and not negative; those on shares are at most 1."""
    for distance in (distances.jensen_shannon, distances.l_infinity, distances.total_variation):
        assert 0 <= distance(*pair) <= 1
        assert distance(*pair) == pytest.approx(distance(*pair[::-1]))
        assert distance(pair[0], 3 * pair[0]) == pytest.approx(0, abs=1e-7)
    assert distances.population_stability(pair[0], pair[0]) == 0


@given(st.integers(0, 10_000), st.sampled_from([1, 7, 900, 3000, 20_000]), st.booleans())
def test_kolmogorov_smirnov_is_exact_within_its_bound(seed: int, rows: int, rounded: bool) -> None:
    """From the profile it lies at most `bound` (below .001) under scipy's on the raw rows, ties or not."""
    generator = np.random.default_rng(seed)
    reference, batch = generator.normal(size=rows), generator.normal(0.3, 1.5, size=700)
    if rounded:
        reference, batch = reference.round(1), batch.round(1)
    measured = measure_values(*two(reference, batch), "ks")
    exact = stats.ks_2samp(reference, batch, method="asymp").statistic
    assert measured is not None
    assert measured.bound < 0.001
    assert measured.value - 1e-12 <= exact <= measured.value + measured.bound + 1e-12
    if rows <= 1024 or rounded:
        assert measured.value == pytest.approx(exact)


def test_wasserstein_is_scipys_on_few_values_and_near_it_on_many() -> None:
    """In reference standard deviations: exact when all values are on the grid or beyond it, else within a per cent."""
    generator = np.random.default_rng(0)
    reference = generator.integers(0, 50, 5000).astype(float)
    batch = generator.integers(-20, 90, 3000).astype(float)
    inside = batch[(batch >= 0) & (batch < 50)]
    for rows in (inside, np.concatenate([inside, [400.0, 1000.0, -70.0]])):
        measured = measure_values(*two(reference, rows), "wasserstein")
        expected = stats.wasserstein_distance(reference, rows) / reference.std()
        assert measured is not None
        assert measured.value == pytest.approx(expected, rel=1e-9)
    smooth, shifted = generator.normal(size=50_000), generator.normal(0.2, 1, size=50_000)
    measured = measure_values(*two(smooth, shifted), "wasserstein")
    assert measured is not None
    assert measured.value == pytest.approx(stats.wasserstein_distance(smooth, shifted) / smooth.std(), rel=1e-2)


def test_cells_have_increasing_positions_between_their_edges() -> None:
    """Each cell stands at its edge or halfway between two."""
    profile = NumericProfile.of(np.array([1.0, 2.0, 4.0]))
    assert list(positions(profile)) == [1, 1, 1.5, 2, 3, 4, 4]


def test_tenths_hold_a_tenth_of_the_reference_each() -> None:
    """A column without ties is cut into ten cells of equal mass."""
    profile = NumericProfile.of(np.random.default_rng(0).normal(size=20_000))
    mass = np.bincount(tenths(profile.cells), profile.cells) / 20_000
    assert mass == pytest.approx(np.full(10, 0.1), abs=0.002)


def test_a_heavy_value_has_a_tenth_to_itself() -> None:
    """Zero in 90 % of the rows is not mixed with the rest when the tenths are made."""
    profile = NumericProfile.of(np.concatenate([np.zeros(900), np.arange(1, 101)]))
    bins = tenths(profile.cells)
    assert list(np.flatnonzero(bins == bins[1])) == [1]
    assert list(np.diff(bins) >= 0) == [True] * (len(bins) - 1)


@pytest.mark.parametrize("distance", ["js", "psi", "ks", "wasserstein"])
@pytest.mark.parametrize(
    ("reference", "batch", "changed"),
    [
        ([5.0] * 9, [5.0] * 7, False),
        ([5.0] * 9, [6.0] * 7, True),
        ([0.0] * 9, [-1e-3] * 7, True),
        ([1.0], [1.0], False),
        ([1.0], [9.0], True),
        (["a"] * 9, ["a"] * 7, False),
        (["a"] * 9, ["b"] * 7, True),
        ([True, False], [True, False, True, False], False),
    ],
)
def test_constants_and_single_rows_are_defined(
    distance: str, reference: list[float], batch: list[float], changed: bool
) -> None:
    """A constant equals itself and differs from any other; one row is a constant."""
    known = profile_of({"c": reference})
    measured = measure_values(known.columns["c"], profile_of({"c": batch}, like=known).columns["c"], distance)  # type: ignore[arg-type]
    assert measured is not None
    assert np.isfinite(measured.value)
    assert (measured.value > 0) is changed


@pytest.mark.parametrize("distance", ["js", "psi", "ks", "wasserstein"])
def test_empty_columns_have_no_distance(distance: str) -> None:
    """Without values on either side there is no distance of values, without rows none of presence."""
    known = profile_of({"c": [1.0, 2.0]})
    for rows in ([], [np.nan]):
        batch = profile_of({"c": np.array(rows, dtype=float)}, like=known).columns["c"]
        assert measure_values(known.columns["c"], batch, distance) is None  # type: ignore[arg-type]
        assert (missing_distance(known.columns["c"], batch, distance) is None) is (not rows)  # type: ignore[arg-type]


def test_infinities_are_a_change_of_presence_not_of_values() -> None:
    """An infinity neither moves a distance of values to infinity nor goes unnoticed."""
    known, batch = two(np.arange(100.0), np.append(np.arange(100.0), [np.inf] * 100))
    values, presence = measure_values(known, batch, "wasserstein"), missing_distance(known, batch, "wasserstein")
    assert values is not None
    assert values.value == 0
    assert presence is not None
    assert presence.value == 0.5


def test_another_grid_is_refused() -> None:
    """Profiles that were not made on one grid are not compared."""
    with pytest.raises(SchemaMismatchError, match="like=reference"):
        measure_values(NumericProfile.of(np.arange(3.0)), NumericProfile.of(np.arange(4.0)), "js")


@given(pairs())
def test_hellinger_and_chi_square_agree_with_scipy_on_the_same_bins(
    pair: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    """Chi-square is that of the contingency table, Hellinger's square is one minus the overlap of the roots."""
    from scipy.stats import chi2_contingency

    p, q = pair
    held = p + q > 0
    if held.sum() > 1:
        exact = chi2_contingency(np.array([p[held], q[held]]), correction=False).statistic
        assert distances.chi_square(p, q) == pytest.approx(exact, rel=1e-9, abs=1e-9)
    overlap = float(np.sqrt(p / p.sum() * (q / q.sum())).sum())
    assert distances.hellinger(p, q) ** 2 == pytest.approx(1 - overlap, abs=1e-9)


def test_all_distances_of_a_column_are_told_at_once() -> None:
    """Numbers and categories have the same keys; without values they are NaN and the nulls still count."""
    known = profile_of({"x": np.arange(100.0), "c": ["a", "b"] * 50})
    batch = profile_of({"x": [np.nan] * 50 + [200.0] * 50, "c": ["a", "z"] * 50}, like=known)
    none = profile_of({"x": [np.nan] * 10}, like=known)
    numeric, named = (all_distances(known.columns[name], batch.columns[name]) for name in ("x", "c"))
    assert numeric.keys() == named.keys()
    assert (numeric["ks"], numeric["null_change"], named["unseen_change"]) == (1.0, 0.5, 0.5)
    assert np.isnan(all_distances(known.columns["x"], none.columns["x"])["hellinger"])
    assert all_distances(known.columns["x"], none.columns["x"])["null_change"] == 1.0
