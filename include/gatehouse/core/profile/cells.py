"""How many values of a column lie below, at and between the edges of a grid: exact, whichever way is quickest.

Sorting a million values and looking the edges up in them takes a processor 12 to 55 ms; which depends on whether NumPy's
vectorised sort is made for it. Long columns are therefore counted without sorting: whole numbers of a small range value
by value, others in equal buckets, where only the values of buckets that hold an edge have to be sorted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONG = 50_000  # values from which sorting is the slower way
BUCKETS = 1 << 16
MOST_SORTED = 0.4  # of the values: with more of them beside an edge, sorting all at once is quicker


def counted(finite: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """The counts of k increasing edges: 2k + 1 of them, below the first, at it, between it and the next, ..., above."""
    if len(finite) < LONG or not len(edges):
        return of_sorted(np.sort(finite), edges)
    by_value = _whole_numbers(finite, edges)
    return by_value if by_value is not None else _bucketed(finite, edges)


def of_sorted(ordered: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """The same of values in rising order: the edges are looked up in them, which is a thousand searches, not a million."""
    return _between(ordered, edges, np.arange(len(ordered) + 1))


def _between(ordered: NDArray[np.float64], edges: NDArray[np.float64], before: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts from rising values and `before`, how many of all values stand before each of them (and before the end)."""
    ends = np.empty(2 * len(edges) + 2, dtype=np.int64)
    ends[0], ends[-1] = 0, before[-1]
    ends[1:-1:2] = before[np.searchsorted(ordered, edges, side="left")]
    ends[2:-1:2] = before[np.searchsorted(ordered, edges, side="right")]
    return np.diff(ends)


def _whole_numbers(finite: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Counted value by value; None when the values are no whole numbers or spread too far."""
    lowest, highest = float(finite.min()), float(finite.max())
    if highest - lowest >= BUCKETS or not lowest.is_integer() or max(-lowest, highest) >= 2**52:
        return None
    places = finite - lowest
    whole = places.astype(np.intp)
    if not np.array_equal(whole, places):
        return None
    before = np.concatenate([[0], np.cumsum(np.bincount(whole))])
    values: NDArray[np.float64] = lowest + np.arange(len(before) - 1, dtype=np.float64)
    return _between(values, edges, before)


def _bucketed(finite: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counted by buckets between the first edge and the last. The bucket of a value never falls as the value rises,
    whatever is rounded, so a value in a bucket without an edge lies between the edges of the buckets on both sides."""
    with np.errstate(over="ignore", divide="ignore"):
        scale = BUCKETS / (edges[-1] - edges[0])
    if not 0 < scale < np.inf:
        return of_sorted(np.sort(finite), edges)
    bucket, of_edges = _bucket(finite, edges[0], scale), _bucket(edges, edges[0], scale)
    holds_edge = np.zeros(BUCKETS + 2, dtype=np.bool_)
    holds_edge[of_edges] = True
    beside = finite[holds_edge[bucket]]
    if len(beside) > MOST_SORTED * len(finite):
        return of_sorted(np.sort(finite), edges)
    free = np.flatnonzero(~holds_edge)
    sure = np.bincount(bucket, minlength=BUCKETS + 2)[free]
    cell = 2 * np.searchsorted(of_edges, free, side="left")  # so many edges lie below, each with a cell of its own
    counts = np.bincount(cell, sure, 2 * len(edges) + 1).astype(np.int64)
    return counts + of_sorted(np.sort(beside), edges)


def _bucket(values: NDArray[np.float64], lowest: np.float64, scale: np.float64) -> NDArray[np.intp]:
    """0 below the first edge, 1 to BUCKETS + 1 from there on."""
    with np.errstate(over="ignore"):
        places = values - lowest
        places *= scale
    places += 1
    return np.clip(places, 0, BUCKETS + 1, out=places).astype(np.intp)
