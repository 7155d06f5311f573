"""The distance between a reference's and a batch's profile of one column.

| in `retrain.yaml` | numeric | categorical, boolean |
|---|---|---|
| `ks` | Kolmogorov-Smirnov on all cells of the grid | largest difference of one category's share |
| `js` | Jensen-Shannon distance on tenths of the reference | on all categories and the tail |
| `psi` | stability index on tenths of the reference | on all categories and the tail |
| `wasserstein` | area between the distribution functions, in reference standard deviations | total variation |

Values are compared with values; whether a value is there at all (null, infinite) is a distribution of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gatehouse.core.drift import distances, sampling_noise
from gatehouse.core.profiling import ColumnProfile, NumericProfile
from gatehouse.errors import SchemaMismatchError

if TYPE_CHECKING:
    from gatehouse.core.config.triggers import Distance

Counts = NDArray[np.int64]
Pair = tuple[Callable[[Counts, Counts], float], Callable[[Counts, Counts], float]]

TENTHS = 10
UNORDERED: dict[Distance, tuple[str, Pair]] = {
    "js": ("Jensen-Shannon distance", (distances.jensen_shannon, sampling_noise.of_jensen_shannon)),
    "psi": ("population stability index", (distances.population_stability, sampling_noise.noise_of_divergence)),
    "ks": ("largest change of a share", (distances.l_infinity, sampling_noise.of_largest_gap)),
    "wasserstein": ("total variation", (distances.total_variation, sampling_noise.of_total_variation)),
}


@dataclass(frozen=True)
class ColumnDistance:
    """A distance by its full name; `noise` is what a batch of as many rows of the reference itself would exceed once
    in a thousand times, `bound` how much larger than `value` the exact distance can be. `row_noise` is the expected
    square (for the stability index, the expected value) of the distance of n independent rows, times n."""

    name: str
    value: float
    noise: float
    bound: float = 0.0
    row_noise: float = 0.0


def measure_values(reference: ColumnProfile, batch: ColumnProfile, distance: Distance) -> ColumnDistance | None:
    """How far the batch's values lie from the reference's; None when either has none."""
    if not reference.values or not batch.values:
        return None
    _same_grid(reference, batch)
    p, q = reference.cells, batch.cells
    if not isinstance(reference, NumericProfile) or not isinstance(batch, NumericProfile):
        return _unordered(distance, p, q)
    if distance == "ks":
        gap = distances.kolmogorov_smirnov(p, q)
        bound = distances.ks_bound(p, q)
        return ColumnDistance(
            "Kolmogorov-Smirnov", gap, sampling_noise.of_largest_gap(p, q), bound, sampling_noise.KOLMOGOROV
        )
    if distance == "wasserstein":
        return _wasserstein(reference, batch)
    return _unordered(distance, *binned(reference, batch))


def missing_distance(reference: ColumnProfile, batch: ColumnProfile, distance: Distance) -> ColumnDistance | None:
    """How far the shares of nulls and infinities lie from the reference's; None when either has no rows."""
    if not reference.rows or not batch.rows:
        return None
    return _unordered(distance, reference.presence, batch.presence)


def all_distances(reference: ColumnProfile, batch: ColumnProfile) -> dict[str, float]:
    """Every distance of a column: those of `retrain.yaml` and, on the same cells as the Jensen-Shannon distance, Hellinger,
    chi-square and L-infinity; the changes of the share of nulls, and of values outside the reference's categories.

    Distances of values are NaN where either has none, all are where either has no rows.
    """
    names: tuple[Distance, ...] = ("js", "psi", "ks", "wasserstein")
    measured = {name: measure_values(reference, batch, name) for name in names}
    found: dict[str, float] = {name: each.value if each else float("nan") for name, each in measured.items()}
    p, q = binned(reference, batch) if reference.values and batch.values else (None, None)
    for name, distance in (("hellinger", distances.hellinger), ("chi_square", distances.chi_square)):
        found[name] = distance(p, q) if p is not None and q is not None else float("nan")
    found["l_infinity"] = distances.l_infinity(p, q) if p is not None and q is not None else float("nan")
    rows = reference.rows and batch.rows
    found["null_change"] = batch.nulls / batch.rows - reference.nulls / reference.rows if rows else float("nan")
    found["unseen_change"] = unseen_change(reference, batch)
    return found


def unseen_change(reference: ColumnProfile, batch: ColumnProfile) -> float:
    """By how much the share of values outside the reference's categories rose; exact when the reference has no tail."""
    if isinstance(reference, NumericProfile) or isinstance(batch, NumericProfile) or not batch.values:
        return 0.0
    before = reference.tail / reference.values if reference.values else 0.0
    return max(batch.tail / batch.values - before, 0.0)


def binned(reference: ColumnProfile, batch: ColumnProfile) -> tuple[Counts, Counts]:
    """Both columns' counts on tenths of the reference, or on its categories."""
    if not isinstance(reference, NumericProfile):
        return reference.cells, batch.cells
    bins = tenths(reference.cells)
    return np.bincount(bins, reference.cells, TENTHS).astype(int), np.bincount(bins, batch.cells, TENTHS).astype(int)


def tenths(p: Counts) -> NDArray[np.intp]:
    """Each cell's tenth of the reference, by the middle of its mass; a heavy cell has a tenth to itself."""
    middles = (np.cumsum(p) - p / 2) / p.sum()
    cells: NDArray[np.intp] = np.minimum((middles * TENTHS).astype(np.intp), TENTHS - 1)
    return cells


def positions(profile: NumericProfile) -> NDArray[np.float64]:
    """Where each cell's values lie: at its edge, or in the middle between two; those outside, at the outermost edge."""
    edges = profile.edges
    where = np.empty(2 * len(edges) + 1)
    where[0], where[-1] = edges[0], edges[-1]
    where[1::2] = edges
    where[2:-1:2] = edges[:-1] / 2 + edges[1:] / 2
    return where


def _wasserstein(reference: NumericProfile, batch: NumericProfile) -> ColumnDistance:
    """Inside the grid from the cells; outside, where the reference has no rows, exactly from the excess. In units of
    the reference's standard deviation (a constant's magnitude, or 1, when that is 0)."""
    where = positions(reference)
    inside = distances.wasserstein(where, reference.cells, batch.cells)
    outside = sum(
        abs(b / batch.values - a / reference.values) for a, b in zip(reference.excess, batch.excess, strict=True)
    )
    unit = reference.moments.std or abs(reference.moments.mean) or 1.0
    floor = sampling_noise.of_wasserstein(where, reference.cells, batch.cells)
    per_row = sampling_noise.wasserstein_row(where, reference.cells) / unit**2
    return ColumnDistance("Wasserstein distance", (inside + outside) / unit, floor / unit, row_noise=per_row)


def _unordered(distance: Distance, p: Counts, q: Counts) -> ColumnDistance:
    name, (value, floor) = UNORDERED[distance]
    return ColumnDistance(name, value(p, q), floor(p, q), row_noise=sampling_noise.unordered_row(distance, p, q))


def _same_grid(reference: ColumnProfile, batch: ColumnProfile) -> None:
    if isinstance(reference, NumericProfile):
        same = isinstance(batch, NumericProfile) and np.array_equal(reference.edges, batch.edges)
    else:
        same = not isinstance(batch, NumericProfile) and reference.categories == batch.categories
    if not same:
        raise SchemaMismatchError(
            "the batch was profiled on another grid than the reference's: use profile_of(table, like=reference)"
        )
