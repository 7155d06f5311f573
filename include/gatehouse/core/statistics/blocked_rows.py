"""The rows that a metric is computed over, grouped into blocks: what every kind of metric is built from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True)
class BlockedRows:
    """Labels, predictions and weights (one entry a row) and each row's block, numbered 0 to `block_count` - 1."""

    labels: Array
    predictions: Array
    weights: Array
    blocks: Codes
    block_count: int

    def per_block(self, values: Array) -> Array:
        """The sum of `weights * values` over the rows of each block; shape (blocks,)."""
        weighted = np.bincount(self.blocks, weights=self.weights * values, minlength=self.block_count)
        return weighted.astype(np.float64, copy=False)


def effective_rows(weights: Array) -> float:
    """How many rows of equal weight tell as much as rows of these weights (Kish 1965)."""
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def dense_codes(values: NDArray[Any]) -> Codes:
    """Each value's rank among the distinct values, from 0; equal values share one."""
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.intp)


# Block counts, shape (resamples, blocks): how often each resample drew each block -> the metric of each resample.
Sampler = Callable[[Array], Array]
Build = Callable[[BlockedRows], Sampler]
