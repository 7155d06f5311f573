"""Metrics of order: the area under the ROC curve and the average precision, over resampled blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.statistics.blocked_rows import Array, BlockedRows, Codes, Sampler, dense_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

_PAIRED_BLOCKS = 2048  # up to here a (blocks x blocks) matrix of pairs is smaller and faster than sweeping the rows
_CELLS = 1 << 20  # resamples x rows held at one time while sweeping: 8 MB an array
_TABLED = 1 << 23  # up to here a (blocks x thresholds) table, 64 MB, is faster than sweeping the rows


def roc_auc(rows: BlockedRows) -> Sampler:
    """The probability that a positive ranks above a negative, ties counting half (Mann and Whitney 1947)."""
    return _paired_auc(rows) if rows.block_count <= _PAIRED_BLOCKS else _swept(rows, _auc)


def average_precision(rows: BlockedRows) -> Sampler:
    """sum over thresholds of (gain in recall) * precision, as scikit-learn's `average_precision_score`."""
    ranks, positive = dense_codes(rows.predictions), rows.labels == 1
    thresholds = np.unique(ranks[positive])[::-1]
    if not len(thresholds) or rows.block_count * len(thresholds) > _TABLED:
        return _swept(rows, _precision)
    return _tabled_precision(rows, np.searchsorted(-thresholds, -ranks), positive, len(thresholds))


def _tabled_precision(rows: BlockedRows, threshold: Codes, positive: NDArray[np.bool_], thresholds: int) -> Sampler:
    """Average precision from each block's weight at or above each threshold: a resample's is counts @ table, exactly.

    Only the predictions of positives are thresholds, since recall rises nowhere else; `threshold` is the first of them,
    from above, that a row reaches.
    """
    reached = threshold < thresholds
    cell = rows.blocks * thresholds + threshold
    shape, size = (rows.block_count, thresholds), rows.block_count * thresholds

    def table(where: NDArray[np.bool_]) -> Array:
        weighted = np.bincount(cell[where], weights=rows.weights[where], minlength=size)
        return weighted.astype(np.float64, copy=False).reshape(shape)

    gained, above = table(positive), np.cumsum(table(reached), axis=1)
    positives, negatives = rows.per_block(rows.labels), rows.per_block(1 - rows.labels)

    def sample(counts: Array) -> Array:
        areas = []
        for few in _portions(counts, max(1, _CELLS // thresholds)):
            gain = few @ gained
            part = np.cumsum(gain, axis=1)
            np.divide(part, few @ above, out=part, where=part > 0)
            total = np.where(few @ negatives > 0, few @ positives, 0.0)
            areas.append(_ratio(np.einsum("rt,rt->r", gain, part), total))
        return np.concatenate(areas)

    return sample


def _paired_auc(rows: BlockedRows) -> Sampler:
    """AUC as a quadratic form in the block counts c: (c' M c) / ((c' P) (c' N)).

    M[a, b] is the weight of (positive of block a, negative of block b) pairs in the right order, ties counting half;
    P and N are the weights of positives and negatives a block. M is counted once, so a resample costs
    blocks^2 whatever the number of rows.
    """
    ranks, positive = dense_codes(rows.predictions), rows.labels == 1
    distinct = len(np.unique(ranks))
    pairs = np.empty((rows.block_count, rows.block_count))
    sizes = np.bincount(rows.blocks, minlength=rows.block_count)
    by_block = np.split(np.argsort(rows.blocks, kind="stable"), np.cumsum(sizes)[:-1])
    weight, block, rank = rows.weights[positive], rows.blocks[positive], ranks[positive]
    for b, members in enumerate(by_block):
        negatives = members[~positive[members]]
        here = np.bincount(ranks[negatives], weights=rows.weights[negatives], minlength=distinct)
        below = np.cumsum(here) - here / 2
        pairs[:, b] = np.bincount(block, weights=weight * below[rank], minlength=rows.block_count)
    positives, negatives_weight = rows.per_block(rows.labels), rows.per_block(1 - rows.labels)

    def sample(counts: Array) -> Array:
        ordered = np.einsum("rb,rb->r", counts @ pairs, counts)
        return _ratio(ordered, (counts @ positives) * (counts @ negatives_weight))

    return sample


def _swept(rows: BlockedRows, area: Callable[[Array, Array], Array]) -> Sampler:
    """Sorts the rows once by falling prediction and sweeps the threshold down for a few resamples at a time.

    `area` gets the weights of positives and of all rows at or above each threshold, shape (resamples, thresholds).
    """
    ranks = dense_codes(rows.predictions)
    order = np.argsort(-ranks, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(ranks[order])), len(order) - 1)
    blocks, weights, labels = rows.blocks[order], rows.weights[order], rows.labels[order]

    def sample(counts: Array) -> Array:
        areas = []
        for few in _portions(counts, max(1, _CELLS // max(1, len(order)))):
            drawn = few[:, blocks] * weights
            above = np.cumsum(drawn, axis=1)[:, ends]
            areas.append(area(np.cumsum(drawn * labels, axis=1)[:, ends], above))
        return np.concatenate(areas)

    return sample


def _auc(positives: Array, above: Array) -> Array:
    """Trapezoids under (negatives above, positives above); NaN with one class only."""
    negatives = above - positives
    total = positives[:, -1] * negatives[:, -1]
    risen = np.diff(negatives, axis=1, prepend=0.0)
    return _ratio((risen * (positives - np.diff(positives, axis=1, prepend=0.0) / 2)).sum(axis=1), total)


def _precision(positives: Array, above: Array) -> Array:
    """Average precision; NaN with one class only, where it would say nothing about the model."""
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(above > 0, positives / above, 0.0)
    gained = np.diff(positives, axis=1, prepend=0.0)
    both = positives[:, -1] * (above[:, -1] - positives[:, -1])
    return _ratio((gained * precision).sum(axis=1), np.where(both > 0, positives[:, -1], 0.0))


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _portions(counts: Array, size: int) -> Iterator[Array]:
    for start in range(0, len(counts), size):
        yield counts[start : start + size]
