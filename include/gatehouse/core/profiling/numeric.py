"""The profile of a numeric column: moments, extremes and counts on the reference's grid.

The grid is up to 1,024 values of the reference itself, its quantiles with ties collapsed. Values *at* an edge are
counted apart from values *between* edges, so a heavy tie (zero, a default) is exact, and less than 1/1023 of the
reference lies between two edges: that is what bounds the error of Kolmogorov-Smirnov (see `drift`). A column of at
most 1,024 distinct values is held exactly. How the values are counted is in `cells`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.audit.canonical_json import number_in
from gatehouse.core.profiling.grid_counts import LONG, PIECE, GridCounter, count_on_grid
from gatehouse.core.profiling.running_stats import RunningStats
from gatehouse.errors import SchemaMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

GRID = 1024
Chunk = tuple[int, float, float, float, float]  # count, mean, sum of squared deviations; excess below and above


@dataclass(frozen=True, eq=False)
class NumericProfile:
    """One numeric column.

    `edges` holds k increasing finite values, `cells` 2k + 1 counts of finite values: below the first edge, at it,
    between it and the next, at that, ..., above the last. `infinite` counts -inf and +inf. `excess` sums how far the
    values outside the grid lie from it: below the first edge, above the last. Moments and extremes are those of the
    finite values (NaN without any).
    """

    rows: int
    nulls: int
    infinite: tuple[int, int]
    moments: RunningStats
    minimum: float
    maximum: float
    edges: NDArray[np.float64]
    cells: NDArray[np.int64]
    excess: tuple[float, float]

    @classmethod
    def of(cls, values: NDArray[np.float64], edges: NDArray[np.float64] | None = None) -> NumericProfile:
        """Profile one column's values (nulls as NaN) on `edges`, or on their own grid."""
        if edges is None:
            edges = grid(np.sort(values[np.isfinite(values)]))
        if len(edges) and len(values) >= LONG:
            return cls._in_pieces(values, edges)
        present = values[~np.isnan(values)]
        finite = present[np.isfinite(present)]
        return cls(
            rows=len(values),
            nulls=len(values) - len(present),
            infinite=(int((present == -np.inf).sum()), int((present == np.inf).sum())),
            moments=RunningStats.of(finite),
            minimum=float(finite.min()) if len(finite) else nan,
            maximum=float(finite.max()) if len(finite) else nan,
            edges=edges,
            cells=count_on_grid(finite, edges),
            excess=_excess(finite, edges),
        )

    @classmethod
    def _in_pieces(cls, values: NDArray[np.float64], edges: NDArray[np.float64]) -> NumericProfile:
        """The same of a long column: each piece passes through everything while it is near the processor."""
        nulls, infinite, moments = 0, [0, 0], RunningStats()
        extremes, beyond, tally = [nan, nan], [0.0, 0.0], GridCounter(edges)
        for start in range(0, len(values), PIECE):
            piece = values[start : start + PIECE]
            finite = piece[np.isfinite(piece)]
            if len(finite) < len(piece):
                nulls += int(np.isnan(piece).sum())
                infinite[0] += int((piece == -np.inf).sum())
                infinite[1] += int((piece == np.inf).sum())
            if len(finite):
                moments = moments.merge(RunningStats.of(finite))
                lowest, highest = float(finite.min()), float(finite.max())
                extremes = [float(np.fmin(extremes[0], lowest)), float(np.fmax(extremes[1], highest))]
                if lowest < edges[0] or highest > edges[-1]:
                    beyond = [one + more for one, more in zip(beyond, _excess(finite, edges), strict=True)]
                tally.add(finite)
        return cls(
            len(values),
            nulls,
            (infinite[0], infinite[1]),
            moments,
            extremes[0],
            extremes[1],
            edges,
            tally.counts(),
            (beyond[0], beyond[1]),
        )

    def summed(self, pieces: Sequence[Chunk]) -> NumericProfile:
        """This profile with the moments and the excess of these pieces, one after the other: what `of` makes of the whole
        column, to the last bit, where merged partitions are equal up to rounding."""
        moments, below, above = RunningStats(), 0.0, 0.0
        for count, mean, m2, under, over in pieces:
            moments = moments.merge(RunningStats(count, mean, m2))
            below, above = below + under, above + over
        return replace(self, moments=moments, excess=(below, above))

    @property
    def values(self) -> int:
        """How many values are finite."""
        return self.moments.count

    @property
    def presence(self) -> NDArray[np.int64]:
        """Counts of null, -inf, +inf and finite."""
        return np.array([self.nulls, *self.infinite, self.values])

    def merge(self, other: NumericProfile) -> NumericProfile:
        """The profile of both partitions together; counts and extremes exactly, moments up to rounding."""
        if not np.array_equal(self.edges, other.edges):
            raise SchemaMismatchError(
                "numeric profiles on different grids cannot be merged: profile both on one reference"
            )
        return NumericProfile(
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            infinite=(self.infinite[0] + other.infinite[0], self.infinite[1] + other.infinite[1]),
            moments=self.moments.merge(other.moments),
            minimum=float(np.fmin(self.minimum, other.minimum)),
            maximum=float(np.fmax(self.maximum, other.maximum)),
            edges=self.edges,
            cells=self.cells + other.cells,
            excess=(self.excess[0] + other.excess[0], self.excess[1] + other.excess[1]),
        )

    def to_document(self) -> dict[str, Any]:
        """The profile as plain values."""
        return {
            "kind": "numeric",
            "rows": self.rows,
            "nulls": self.nulls,
            "infinite": list(self.infinite),
            "moments": [self.moments.count, self.moments.mean, self.moments.m2],
            "extremes": [self.minimum, self.maximum],
            "edges": self.edges.tolist(),
            "cells": self.cells.tolist(),
            "excess": list(self.excess),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> NumericProfile:
        """The inverse of `to_document`, also after a way through JSON."""
        count, mean, m2 = document["moments"]
        minimum, maximum = map(number_in, document["extremes"])
        below, above = map(number_in, document["excess"])
        return cls(
            rows=document["rows"],
            nulls=document["nulls"],
            infinite=(document["infinite"][0], document["infinite"][1]),
            moments=RunningStats(count, number_in(mean), number_in(m2)),
            minimum=minimum,
            maximum=maximum,
            edges=np.array(document["edges"], dtype=np.float64),
            cells=np.array(document["cells"], dtype=np.int64),
            excess=(below, above),
        )


def whole_pieces(rows: int) -> int:
    """So many rows or more, in whole pieces: partitions of them are summed as the whole column is."""
    return -(-rows // PIECE) * PIECE


def pieces(values: NDArray[np.float64], edges: NDArray[np.float64]) -> list[Chunk]:
    """The moments and the excess of each `PIECE` of a column; of partitions of whole pieces, those of the column."""
    found = []
    for start in range(0, len(values), PIECE):
        finite = values[start : start + PIECE]
        finite = finite[np.isfinite(finite)]
        moments, (below, above) = RunningStats.of(finite), _excess(finite, edges)
        found.append((moments.count, moments.mean, moments.m2, below, above))
    return found


def grid(ordered: NDArray[np.float64]) -> NDArray[np.float64]:
    """The edges of a reference's sorted finite values: all distinct ones if they are few, else their quantiles."""
    distinct = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered
    if len(distinct) <= GRID:
        return distinct.copy()
    return np.unique(ordered[np.arange(GRID) * (len(ordered) - 1) // (GRID - 1)])


def _excess(finite: NDArray[np.float64], edges: NDArray[np.float64]) -> tuple[float, float]:
    if not len(edges):
        return 0.0, 0.0
    below, above = finite[finite < edges[0]], finite[finite > edges[-1]]
    with np.errstate(over="ignore"):
        return float((edges[0] - below).sum()), float((above - edges[-1]).sum())
