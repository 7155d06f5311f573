"""The Brier score taken apart (Murphy 1973, "A New Vector Partition of the Probability Score", J. Appl. Meteorology 12).

Brier = reliability - resolution + uncertainty, exactly when all predictions of a bin are equal. Bins are ECE_BINS of
equal width; what predictions vary within a bin adds a small rest (Stephenson, Coelho and Jolliffe 2008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.statistics.weighted_means import ECE_BINS

if TYPE_CHECKING:
    from gatehouse.core.statistics.blocked_rows import Array


def calibration_bins(labels: Array, predictions: Array) -> Array:
    """For each bin whether the row is in it, then its label there, then its prediction; shape (3 * ECE_BINS, rows)."""
    bins = np.minimum((predictions * ECE_BINS).astype(np.intp), ECE_BINS - 1)
    inside = (bins == np.arange(ECE_BINS)[:, None]).astype(np.float64)
    return np.concatenate([inside, inside * labels, inside * predictions])


def reliability(means: Array) -> Array:
    """Sum over bins of (share of rows) * (mean prediction - share of class 1)^2: 0 is perfectly calibrated."""
    share, happened, predicted = np.split(means, 3, axis=1)
    squares: Array = np.divide((predicted - happened) ** 2, share, out=np.zeros_like(share), where=share != 0)
    return np.asarray(squares.sum(axis=1))


def resolution(means: Array) -> Array:
    """Sum over bins of (share of rows) * (share of class 1 there - share of class 1 overall)^2: 0 tells no rows apart,
    and the share of class 1 times that of class 0 (the uncertainty) is the most there can be."""
    share, happened, _ = np.split(means, 3, axis=1)
    overall = happened.sum(axis=1, keepdims=True)
    squares: Array = np.divide((happened - share * overall) ** 2, share, out=np.zeros_like(share), where=share != 0)
    return np.asarray(squares.sum(axis=1))
