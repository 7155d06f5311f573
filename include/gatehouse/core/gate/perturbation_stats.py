"""What predictions do when one input alone is changed: the numbers behind the rules of behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gatehouse.core.statistics.blocked_rows import Array

_NOISE = 1e-9  # smaller steps are the last digits of a sum, not a direction


def directions(predictions: Array) -> dict[str, float]:
    """How often and how far predictions rise and fall between rising values of an input.

    `predictions` has shape (values, rows), the values in rising order. Of all pairs of values of all rows, `rising` and
    `falling` are the shares whose predictions do so, `largest_rising` and `largest_falling` by how much at most.
    NaN with fewer than two values, no rows, or a prediction that is not finite.
    """
    values, rows = predictions.shape
    if values < 2 or not rows or not np.isfinite(predictions).all():
        return dict.fromkeys(("rising", "falling", "largest_rising", "largest_falling"), float("nan"))
    up = down = 0
    highest = lowest = 0.0
    for first in range(values - 1):  # one value against all later ones: never all pairs in memory at once
        steps = predictions[first + 1 :] - predictions[first]
        up, down = up + int((steps > _NOISE).sum()), down + int((steps < -_NOISE).sum())
        highest, lowest = max(highest, float(steps.max())), min(lowest, float(steps.min()))
    pairs = rows * values * (values - 1) / 2
    return {"rising": up / pairs, "falling": down / pairs, "largest_rising": highest, "largest_falling": abs(lowest)}


def changes(before: Array, after: Array) -> dict[str, float]:
    """`mean_change` and `change` (the largest) of predictions (rows,); `after` may be (times, rows), the worst time
    counts. NaN without rows or where a prediction is not finite."""
    moved = np.abs(np.atleast_2d(after) - before)
    if not moved.size or not np.isfinite(moved).all():
        return {"mean_change": float("nan"), "change": float("nan")}
    return {"mean_change": float(moved.mean(axis=1).max()), "change": float(moved.max())}
