"""How far a distance can go at all: a limit beyond it would make the column blind.

All of these distances are convex in the batch's shares, so the farthest batch has all of its rows in one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.drift.column_distance import UNORDERED, binned
from gatehouse.core.profiling import ColumnProfile, NumericProfile

if TYPE_CHECKING:
    from gatehouse.core.config.triggers import Distance


def farthest(part: str, reference: ColumnProfile, batch: ColumnProfile, distance: Distance) -> float:
    """The largest distance that a batch of as many rows could have; `part` is the values or the presence of values."""
    numeric = isinstance(reference, NumericProfile) and part == "values"
    if numeric and distance == "wasserstein":
        return float("inf")
    if numeric and distance == "ks":
        return 1 - float(min(reference.cells[0], reference.cells[-1]) / reference.cells.sum())
    p, q = binned(reference, batch) if part == "values" else (reference.presence, batch.presence)
    alone = np.zeros_like(q)
    alone[np.argmin(p)] = q.sum()
    return UNORDERED[distance][1][0](p, alone)
