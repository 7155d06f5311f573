"""How many values of a column lie below, at and between the edges of a grid: exact, whichever way is quickest.

Sorting a million values and looking the edges up in them takes a processor 12 to 55 ms; which depends on whether NumPy's
vectorised sort is made for it. Long columns are therefore counted without sorting: whole numbers of a small range value
by value, others in equal buckets, where only the values of buckets that hold an edge have to be sorted. They come in
pieces that fit a processor's cache: passing over the whole column again and again would wait for the memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIECE = 1 << 16  # values that are counted at a time
LONG = 50_000  # values from which sorting is the slower way
BUCKETS = 1 << 16
MOST_SORTED = 0.4  # of the values: with more of them beside an edge, sorting all at once is quicker
LOOK = 64  # first values that say whether a piece is worth a try as whole numbers


def count_on_grid(finite: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """The counts of k increasing edges: 2k + 1 of them, below the first, at it, between it and the next, ..., above."""
    if len(finite) < LONG or not len(edges):
        return of_sorted(np.sort(finite), edges)
    tally = GridCounter(edges)
    for start in range(0, len(finite), PIECE):
        tally.add(finite[start : start + PIECE])
    return tally.counts()


def of_sorted(ordered: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """The same of values in rising order: the edges are looked up in them, which is a thousand searches, not a million."""
    return _between(ordered, edges, np.arange(len(ordered) + 1))


class GridCounter:
    """Counts of values that come in pieces, on the edges of a grid."""

    def __init__(self, edges: NDArray[np.float64]) -> None:
        self._edges = edges
        self._lowest, self._by_value = 0.0, np.zeros(0, dtype=np.int64)  # of whole numbers from `_lowest` on
        self._to_sort: list[NDArray[np.float64]] = []
        self._buckets = HashBuckets.of(edges)

    def add(self, finite: NDArray[np.float64]) -> None:
        """Count these values, too; there is at least one."""
        if not self._whole_numbers(finite):
            self._to_sort.append(finite if self._buckets is None else self._buckets.add(finite))

    def counts(self) -> NDArray[np.int64]:
        """Of everything so far."""
        found = of_sorted(np.sort(np.concatenate([*self._to_sort, np.zeros(0)])), self._edges)
        if len(self._by_value):
            values: NDArray[np.float64] = self._lowest + np.arange(BUCKETS, dtype=np.float64)
            found += _between(values, self._edges, np.concatenate([[0], np.cumsum(self._by_value)]))
        return found if self._buckets is None else found + self._buckets.counts(len(self._edges))

    def _whole_numbers(self, finite: NDArray[np.float64]) -> bool:
        """Count value by value; False when they are no whole numbers or spread too far."""
        if not np.array_equal(np.floor(finite[:LOOK]), finite[:LOOK]) or not np.array_equal(np.floor(finite), finite):
            return False
        lowest, highest = float(finite.min()), float(finite.max())
        if max(-lowest, highest) >= 2**52:
            return False
        if not len(self._by_value):
            self._lowest, self._by_value = lowest - BUCKETS // 4, np.zeros(BUCKETS, dtype=np.int64)
        if lowest < self._lowest or highest - self._lowest >= BUCKETS:
            return False
        found = np.bincount((finite - self._lowest).astype(np.intp))
        self._by_value[: len(found)] += found
        return True


class HashBuckets:
    """Equal buckets between the first edge and the last. The bucket of a value never falls as the value rises, whatever is
    rounded, so a value in a bucket without an edge lies between the edges of the buckets on both sides."""

    def __init__(self, edges: NDArray[np.float64], scale: np.float64) -> None:
        self._first, self._scale = edges[0], scale
        self._places, self._bucket = np.empty(PIECE), np.empty(PIECE, dtype=np.intp)
        self._of_edges = self._of(edges).copy()
        self._holds_edge = np.zeros(BUCKETS + 2, dtype=np.bool_)
        self._holds_edge[self._of_edges] = True
        self._counts = np.zeros(BUCKETS + 2, dtype=np.int64)

    @classmethod
    def of(cls, edges: NDArray[np.float64]) -> HashBuckets | None:
        """None where the edges lie too near to each other or too far apart for a number."""
        with np.errstate(over="ignore", divide="ignore"):
            scale = BUCKETS / (edges[-1] - edges[0]) if len(edges) else np.float64(0)
        return cls(edges, scale) if 0 < scale < np.inf else None

    def add(self, finite: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count the values that are surely between two edges; the others are returned."""
        bucket = self._of(finite)
        beside = finite[self._holds_edge[bucket]]
        if len(beside) > MOST_SORTED * len(finite):
            return finite
        self._counts += np.bincount(bucket, minlength=BUCKETS + 2)
        return beside

    def counts(self, edges: int) -> NDArray[np.int64]:
        """The counts of the values that were sure."""
        free = np.flatnonzero(~self._holds_edge)
        cell = 2 * np.searchsorted(self._of_edges, free, side="left")  # so many edges lie below, each with its own cell
        return np.bincount(cell, self._counts[free], 2 * edges + 1).astype(np.int64)

    def _of(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """0 below the first edge, 1 to BUCKETS + 1 from there on; valid until the next call."""
        places, bucket = self._places[: len(values)], self._bucket[: len(values)]
        with np.errstate(over="ignore"):
            np.subtract(values, self._first, out=places)
            places *= self._scale
        places += 1
        np.clip(places, 0, BUCKETS + 1, out=places)
        np.copyto(bucket, places, casting="unsafe")
        return bucket


def _between(ordered: NDArray[np.float64], edges: NDArray[np.float64], before: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts from rising values and `before`, how many of all values stand before each of them (and before the end)."""
    ends = np.empty(2 * len(edges) + 2, dtype=np.int64)
    ends[0], ends[-1] = 0, before[-1]
    ends[1:-1:2] = before[np.searchsorted(ordered, edges, side="left")]
    ends[2:-1:2] = before[np.searchsorted(ordered, edges, side="right")]
    return np.diff(ends)
